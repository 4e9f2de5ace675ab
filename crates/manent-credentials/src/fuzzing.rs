//! What fuzzing reaches of the inside. Every function panics when a promise is broken.

use manent_accounts::ports::{TokenMinter, TokenReader};
use manent_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::server_secret::ServerSecrets;
use crate::{Tokens, api_key, passwords};

/// A stored password, of whatever kind.
pub fn stored_password(text: &str) {
    passwords::read_and_check(text);
}

/// A server's secrets as they are written into a file: what can be read is written so that it reads as the same.
pub fn server_secrets(text: &str) {
    let Ok(secrets) = ServerSecrets::parse(&SecretString::from(text)) else {
        return;
    };
    let again = ServerSecrets::parse(&secrets.to_text());
    assert_eq!(
        again.map(|again| again.fingerprints()).ok(),
        Some(secrets.fingerprints())
    );
}

/// A text where a token or a key is expected, presented to a server whose secret everybody knows. Each token has one form: what is believed is
/// what this server itself would have written.
pub fn presented(tokens: &Tokens, text: &str, now: Timestamp) {
    if let Ok(claims) = tokens.read_refresh_token(text) {
        let own = tokens.refresh_token(claims);
        assert_eq!(
            own.ok().as_ref().map(ExposeSecret::expose_secret),
            Some(text)
        );
    }
    if let Ok(claims) = tokens.read_access_token(text, now) {
        let own = tokens.access_token(&claims);
        assert_eq!(
            own.ok().as_ref().map(ExposeSecret::expose_secret),
            Some(text)
        );
    }
    if let Ok(claims) = tokens.read_two_factor_token(text, now) {
        let own = tokens.two_factor_token(claims);
        assert_eq!(
            own.ok().as_ref().map(ExposeSecret::expose_secret),
            Some(text)
        );
    }
    let _ = api_key::parse(text);
}
