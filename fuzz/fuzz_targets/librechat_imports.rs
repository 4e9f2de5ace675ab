//! Files of conversations from elsewhere, in each of the four forms. What is read can be stored: parents come first and are earlier, and nothing
//! is empty.
#![no_main]

use std::collections::HashMap;

use manent_librechat::import::read;
use manent_librechat::tree::says_something;
use manent_types::{MessageId, Timestamp};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let now = Timestamp::from_millisecond(1_800_000_000_000).expect("a time");
    for imported in read(text).unwrap_or_default() {
        let mut number = 0_u128;
        let new_id = || {
            number += 1;
            format!("{number:032x}")
                .parse::<MessageId>()
                .expect("an id")
        };
        let mut times = HashMap::new();
        for draft in imported.drafts(now, new_id).unwrap_or_default() {
            assert!(says_something(&draft.content));
            if let Some(parent) = draft.parent {
                assert!(
                    times
                        .get(&parent)
                        .is_some_and(|before| *before < draft.created_at)
                );
            }
            times.insert(draft.id, draft.created_at);
        }
    }
});
