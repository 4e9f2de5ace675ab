//! The rules of the scripted provider.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = manent_scripted::Rules::parse("fuzzed.toml", text);
});
