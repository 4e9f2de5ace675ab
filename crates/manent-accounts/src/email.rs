//! E-mail addresses as accounts know them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest address in bytes (RFC 5321).
const MAX_BYTES: usize = 254;
/// The longest part before the `@` in bytes.
const MAX_LOCAL_BYTES: usize = 64;
/// The longest label of a domain in bytes.
const MAX_LABEL_BYTES: usize = 63;

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as name@example.org")]
pub struct InvalidEmailAddress;

/// An e-mail address: trimmed, in lower case, at most 254 bytes. Two accounts never have the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// When it has not the form of one.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(InvalidEmailAddress);
        }
        let text = text.to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress)?;
        if text.len() <= MAX_BYTES && is_local_part(local) && is_domain(domain) {
            Ok(Self(text))
        } else {
            Err(InvalidEmailAddress)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether its domain is one of these; they are compared without regard to case, and a domain does not stand for its subdomains.
    pub fn is_in(&self, domains: &[String]) -> bool {
        domains
            .iter()
            .any(|domain| domain.trim().to_lowercase() == self.domain())
    }
}

fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= MAX_LOCAL_BYTES
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|character| {
            character.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(character)
        })
}

/// Labels with a dot between them; `localhost` is the one domain without a dot.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_BYTES
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-')
    };
    (domain.contains('.') || domain == "localhost") && domain.split('.').all(is_label)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, InvalidEmailAddress> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, InvalidEmailAddress> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_trimmed_and_in_lower_case() {
        let address = EmailAddress::parse("  Ada.Lovelace+notes@Example.ORG ").unwrap();
        assert_eq!(address.as_str(), "ada.lovelace+notes@example.org");
        assert_eq!(address.domain(), "example.org");
    }

    #[test]
    fn refuses_what_is_no_address() {
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "ada@-example.org",
            "ada@example..org",
            ".ada@example.org",
            "ada..b@example.org",
            "a da@example.org",
            "ada@exam ple.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org\0",
            "<ada@example.org>",
            "ada@[127.0.0.1]",
            "a@b@example.org",
        ] {
            assert_eq!(
                EmailAddress::parse(bad),
                Err(InvalidEmailAddress),
                "{bad:?}"
            );
        }
        assert!(EmailAddress::parse(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(EmailAddress::parse(&format!("a@{}.org", "b.".repeat(130))).is_err());
    }

    #[test]
    fn a_domain_does_not_stand_for_its_subdomains() {
        let address = EmailAddress::parse("ada@mail.example.org").unwrap();
        assert!(!address.is_in(&["example.org".to_owned()]));
        assert!(address.is_in(&["other.org".to_owned(), " Mail.Example.org".to_owned()]));
    }

    proptest! {
        #[test]
        fn what_is_read_reads_as_itself(text in "\\PC{0,40}@\\PC{0,30}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address));
            }
        }
    }
}
