//! `librechat.yaml`, and behind a line `---ENV` a `.env` file of LibreChat's. It is read or every mistake is told; a secret is told nowhere.
#![no_main]

use manent_librechat::config::{Environment, SignIn, load};

const SECRET: &str = "fuzzed-secret-4711";

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (file, environment) = text.split_once("\n---ENV\n").unwrap_or((text, ""));
    let environment = Environment::new([("OPENAI_API_KEY", SECRET)], environment);
    for sign_in in [SignIn::Nobody, SignIn::Passwords, SignIn::OpenId] {
        let loaded = load(Some(file), &environment, sign_in);
        let told = format!("{:?}{:?}", loaded.findings, loaded.mistakes);
        assert!(!told.contains(SECRET), "{told}");
    }
});
