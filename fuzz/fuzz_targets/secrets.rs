//! Stored passwords (PHC strings, hashes of bcrypt) and the server's secrets as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    manent_credentials::fuzzing::stored_password(text);
    manent_credentials::fuzzing::server_secrets(text);
});
