//! Keeps keys out of what a provider says.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The longest explanation that is passed on, in characters.
const MAX_DETAIL: usize = 500;
/// Shorter secrets would turn ordinary words into stars.
const MIN_SECRET: usize = 6;

/// The secrets of an endpoint.
#[derive(Clone, Default)]
pub(crate) struct Redaction {
    secrets: Vec<SecretString>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redaction")
    }
}

impl Redaction {
    /// Of these secrets.
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self {
            secrets: secrets
                .into_iter()
                .filter(|secret| secret.expose_secret().len() >= MIN_SECRET)
                .collect(),
        }
    }

    /// A provider's text as it may be shown: without keys, in one line, not longer than 500 characters.
    pub(crate) fn detail(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), "***");
            }
        }
        let mut detail = String::new();
        let mut length = 0;
        for word in
            text.split(|character: char| character.is_whitespace() || character.is_control())
        {
            if word.is_empty() {
                continue;
            }
            if length > 0 {
                detail.push(' ');
                length += 1;
            }
            for character in word.chars() {
                if length >= MAX_DETAIL {
                    detail.pop();
                    detail.push('…');
                    return detail;
                }
                detail.push(character);
                length += 1;
            }
        }
        detail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_keys_out_before_it_cuts() {
        let redaction = Redaction::new([SecretString::from("sk-secret-1234"), "".into()]);
        assert_eq!(
            redaction.detail("wrong\n key sk-secret-1234,\u{7} sorry"),
            "wrong key ***, sorry"
        );
        let long = format!("{}sk-secret-1234", "é".repeat(495));
        let detail = redaction.detail(&long);
        assert_eq!(detail, format!("{}***", "é".repeat(495)));
        let cut = redaction.detail(&"é".repeat(2000));
        assert_eq!(cut, format!("{}…", "é".repeat(499)));
    }
}
