//! Places in lists, runs and the feed: what is taken is what the server would have written.
#![no_main]

use manent_types::RunId;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let run: RunId = "0199c0de-0000-7000-8000-000000000001".parse().unwrap();
    manent_server::fuzzing::cursor(run, text);
});
