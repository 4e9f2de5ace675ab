//! Places in lists, runs and the feed: what is taken is what the server would have written.
#![no_main]

use manent_types::RunId;
use uuid::Uuid;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let run = RunId::new(Uuid::from_u128(0x0199_c0de_0000_7000_8000_0000_0000_0001));
    manent_server::fuzzing::cursor(run, text);
});
