//! A sign-in through an OpenID provider that says whatever it likes: the claims of a token, the answer of its token endpoint, its discovery
//! document, its keys, its userinfo, the query with which the browser comes back, and a bearer token, with lines `---` between them. An empty
//! part is that of a sound provider, `{signed}` stands for the claims signed with its key. Nobody is signed in by a token that does not hold.
#![no_main]

use manent_oidc::fuzzing::{Said, conversation};
use manent_types::Timestamp;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut parts = text.split("\n---\n");
    let mut next = || parts.next().unwrap_or_default();
    let said = Said {
        claims: next(),
        tokens: next(),
        discovery: next(),
        keys: next(),
        user_info: next(),
        callback: next(),
        bearer: next(),
    };
    conversation(
        &said,
        Timestamp::from_millisecond(1_763_703_000_000).unwrap(),
    );
});
