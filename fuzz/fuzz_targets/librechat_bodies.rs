//! Bodies of LibreChat's API, as whatever a route expects: read or refused with a short sentence.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| manent_server::fuzzing::librechat_body(bytes));
