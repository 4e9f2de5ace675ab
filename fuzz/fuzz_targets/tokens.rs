//! Access tokens, refresh tokens, tokens of a second factor and API keys: each has one form, and what is believed was written by this server.
#![no_main]

use std::sync::LazyLock;

use manent_credentials::Tokens;
use manent_credentials::server_secret::ServerSecrets;
use manent_types::Timestamp;
use secrecy::SecretString;

/// Of a server whose secret everybody knows, so that the corpus can hold true ones.
static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let secret =
        SecretString::from("6d616e656e742066757a7a696e67206b6e6f7773207468697320736563726574");
    Tokens::new(&ServerSecrets::parse(&secret).unwrap())
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let now = Timestamp::from_millisecond(1_763_703_000_000).unwrap();
    manent_credentials::fuzzing::presented(&TOKENS, text, now);
});
