//! The addresses of one-time links.
//!
//! Invariant: a secret stands behind the `#`, which browsers keep to themselves: no server and no proxy has it in a log, and no other page
//! learns it as the address that somebody came from.

use manent_config::Config;
use secrecy::{ExposeSecret, SecretString};

use crate::librechat::client::OWN_PAGE;

/// Under which address people find Manent's own page, which knows what to do with these links: another client that is served at `/` does not.
pub fn page(config: &Config) -> String {
    let listen = || format!("http://{}", config.listen);
    let address = config.public_url.clone().unwrap_or_else(listen);
    match config.librechat.ui {
        Some(_) => format!("{}{OWN_PAGE}", address.trim_end_matches('/')),
        None => address,
    }
}

/// Where a new password is set.
pub fn password_reset(base: &str, secret: &SecretString) -> SecretString {
    link(base, "reset-password#token=", secret)
}

/// Where an e-mail address is verified.
pub fn email_verification(base: &str, secret: &SecretString) -> SecretString {
    link(base, "verify-email#token=", secret)
}

/// Where somebody who is invited registers.
pub fn invitation(base: &str, secret: &SecretString) -> SecretString {
    link(base, "register#invitation=", secret)
}

/// `base` is the address under which people reach the server. A secret has letters, digits, `-` and `_` only, so it stands as it is.
fn link(base: &str, place: &str, secret: &SecretString) -> SecretString {
    let base = base.trim_end_matches('/');
    SecretString::from(format!("{base}/{place}{}", secret.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_stands_behind_the_hash() {
        let secret = SecretString::from("s-_1");
        let links = [
            password_reset("https://chat.example.org", &secret),
            email_verification("https://chat.example.org/", &secret),
            invitation("http://127.0.0.1:3080", &secret),
        ];
        assert_eq!(
            links.map(|link| link.expose_secret().to_owned()),
            [
                "https://chat.example.org/reset-password#token=s-_1",
                "https://chat.example.org/verify-email#token=s-_1",
                "http://127.0.0.1:3080/register#invitation=s-_1",
            ]
        );
    }
}
