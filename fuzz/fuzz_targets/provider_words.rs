//! Lists of models that an endpoint tells, and addresses of endpoints that people choose.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    manent_providers::fuzzing::model_list(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        manent_providers::fuzzing::base_address(text);
    }
});
