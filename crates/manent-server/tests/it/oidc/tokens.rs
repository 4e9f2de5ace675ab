//! Tokens that do not hold.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::browser::Browser;
use super::provider::Idp;
use super::sign_in::audited;
use super::tampering::{Signature, Tampering};
use crate::support::Test;

#[expect(
    clippy::disallowed_methods,
    reason = "the provider and the server read the same clock"
)]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// What a case is called, what it changes, and how that is signed.
type Case = (&'static str, Signature, fn(&mut Value));

const BAD: &[Case] = &[
    ("wrong issuer", Signature::Good, |claims| {
        claims["iss"] = json!("https://evil.example");
    }),
    ("wrong audience", Signature::Good, |claims| {
        claims["aud"] = json!("another-client");
    }),
    ("a second audience", Signature::Good, |claims| {
        claims["aud"] = json!(["manent", "another-client"]);
    }),
    ("issued to another client", Signature::Good, |claims| {
        claims["azp"] = json!("another-client");
    }),
    ("missing nonce", Signature::Good, |claims| {
        claims.as_object_mut().map(|claims| claims.remove("nonce"));
    }),
    ("wrong nonce", Signature::Good, |claims| {
        claims["nonce"] = json!("another");
    }),
    ("expired", Signature::Good, |claims| {
        claims["exp"] = json!(now() - 60);
    }),
    ("without an end", Signature::Good, |claims| {
        claims.as_object_mut().map(|claims| claims.remove("exp"));
    }),
    ("not yet valid", Signature::Good, |claims| {
        claims["nbf"] = json!(now() + 120);
    }),
    ("issued in the future", Signature::Good, |claims| {
        claims["iat"] = json!(now() + 120);
    }),
    ("of another access token", Signature::Good, |claims| {
        claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
    }),
    ("without a subject", Signature::Good, |claims| {
        claims.as_object_mut().map(|claims| claims.remove("sub"));
    }),
    ("alg none", Signature::None, |_| {}),
    (
        "HS256 with the public key",
        Signature::PublicKeyAsSecret,
        |_| {},
    ),
    (
        "HS256 with the client's secret",
        Signature::ClientSecret,
        |_| {},
    ),
    ("changed after it was signed", Signature::Kept, |claims| {
        claims["sub"] = json!("eve");
    }),
    ("by a key that nobody knows", Signature::UnknownKey, |_| {}),
];

#[tokio::test]
async fn no_token_is_believed_that_does_not_hold() -> Test {
    let idp = Idp::usual().await?;
    // Every case is an attempt that fails, and few are allowed in a row: each server gets some.
    for chunk in BAD.chunks(5) {
        let server = idp.server("").await?;
        for (name, signature, change) in chunk {
            idp.tamper(Tampering::new(*signature, change));
            let mut browser = Browser::new()?;
            let place = browser.sign_in(&server, "/").await?;
            assert_eq!(place, "/?signInError=answer_invalid", "{name}");
            assert_eq!(
                browser.cookies(&server, "/", "refreshToken"),
                Vec::<String>::new()
            );
        }
        assert_eq!(audited(&server)?, vec!["sign_in_refused"; chunk.len()]);
        // A token that was made in the same way and holds is believed: it was not the way.
        idp.tamper(Tampering::new(Signature::Good, |_| {}));
        assert_eq!(Browser::new()?.sign_in(&server, "/").await?, "/");
    }
    Ok(())
}

#[tokio::test]
async fn rotated_keys_are_asked_for_once() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    assert_eq!(Browser::new()?.sign_in(&server, "/").await?, "/");
    assert_eq!(idp.asked("/jwks"), 1);
    idp.rotate().await?;
    assert_eq!(Browser::new()?.sign_in(&server, "/").await?, "/");
    assert_eq!(idp.asked("/jwks"), 2);
    assert_eq!(Browser::new()?.sign_in(&server, "/").await?, "/");
    assert_eq!(idp.asked("/jwks"), 2, "the new ones are kept");
    // Whoever names keys that do not exist does not make the server ask each time.
    idp.tamper(Tampering::new(Signature::UnknownKey, |_| {}));
    for _ in 0..3 {
        let place = Browser::new()?.sign_in(&server, "/").await?;
        assert_eq!(place, "/?signInError=answer_invalid");
    }
    assert_eq!(idp.asked("/jwks"), 2);
    Ok(())
}
