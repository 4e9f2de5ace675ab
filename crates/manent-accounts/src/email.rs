//! E-mail addresses as accounts know them.
//!
//! What a person types is brought to one form: trimmed, the local part in lower case, the domain in ASCII as IDNA writes it. What is stored is
//! taken as it is, for it may be from before; [`EmailAddress::forms`] finds it all the same.

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
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

/// An e-mail address: trimmed, in lower case, at most 254 bytes, its domain in ASCII unless it was stored otherwise. Two accounts never have
/// the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// When it has not the form of one, or IDNA refuses its domain.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(InvalidEmailAddress);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress)?;
        let domain = ascii_domain(domain).ok_or(InvalidEmailAddress)?;
        Self::stored(&format!("{local}@{domain}"))
    }

    /// Reads an address as it was stored, which may have been before domains were brought to one form.
    fn stored(text: &str) -> Result<Self, InvalidEmailAddress> {
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

    /// The texts under which an account with this address may be stored: that with its domain in ASCII, and that with its domain in the letters of
    /// its language. They are the same where the language is English.
    pub fn forms(&self) -> [String; 2] {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        let ascii = ascii_domain(domain).unwrap_or_else(|| domain.to_owned());
        let (letters, _) = Uts46::new().to_unicode(
            ascii.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
        );
        [format!("{local}@{ascii}"), format!("{local}@{letters}")]
    }

    /// Whether both are the address of one mailbox.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self == other || self.forms() == other.forms()
    }

    /// Whether its domain is one of these, in whatever form; a domain does not stand for its subdomains.
    pub fn is_in(&self, domains: &[String]) -> bool {
        let own = one_form(self.domain());
        domains.iter().any(|domain| one_form(domain.trim()) == own)
    }
}

/// The domain in ASCII and lower case; absent where IDNA refuses it.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.ok().map(std::borrow::Cow::into_owned)
}

fn one_form(domain: &str) -> String {
    ascii_domain(domain).unwrap_or_else(|| domain.to_lowercase())
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
        Self::stored(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, InvalidEmailAddress> {
        Self::stored(&text)
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
            "ada@b\u{fc}cher\u{ad}\u{200b}.-example",
            "ada@xn--a.example",
            "ada@exa_mple.org",
            "ada@example.org.",
            "ada@a\u{338}<.example",
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

    /// Whoever types the address of a mailbox means one account, whatever their keyboard made of it.
    #[test]
    fn a_domain_has_one_form() {
        let ascii = EmailAddress::parse("two@xn--bcher-kva.example").unwrap();
        for typed in [
            "two@b\u{fc}cher.example",
            "TWO@B\u{dc}CHER.Example",
            "two@bu\u{308}cher.example",
            "two@b\u{fc}cher\u{3002}example",
            "two@\u{ff42}\u{fc}cher.example",
            "two@XN--BCHER-KVA.example",
        ] {
            assert_eq!(EmailAddress::parse(typed), Ok(ascii.clone()), "{typed:?}");
        }
        assert_eq!(
            EmailAddress::parse("var@\u{ff58}.org"),
            EmailAddress::parse("var@x.org")
        );
        assert!(ascii.is_in(&["B\u{fc}cher.example ".to_owned()]));
    }

    #[test]
    fn what_was_stored_before_stays_and_is_known_as_the_same() {
        let older: EmailAddress = "two@b\u{fc}cher.example".parse().unwrap();
        assert_eq!(older.as_str(), "two@b\u{fc}cher.example");
        let read: EmailAddress = serde_json::from_str("\"two@b\u{fc}cher.example\"").unwrap();
        assert_eq!(read, older);
        let typed = EmailAddress::parse(older.as_str()).unwrap();
        assert_ne!(typed, older);
        assert!(typed.is_same_as(&older) && older.is_same_as(&typed));
        let forms = ["two@xn--bcher-kva.example", "two@b\u{fc}cher.example"];
        assert_eq!(
            (older.forms(), typed.forms()),
            (forms.map(str::to_owned), forms.map(str::to_owned))
        );
        assert!(older.is_in(&["xn--bcher-kva.example".to_owned()]));
        let other = EmailAddress::parse("two@bucher.example").unwrap();
        assert!(!other.is_same_as(&older));
    }

    proptest! {
        #[test]
        fn what_is_read_reads_as_itself(text in "\\PC{0,40}@\\PC{0,30}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert!(address.domain().is_ascii());
                prop_assert_eq!(address.as_str().parse(), Ok(address.clone()));
                prop_assert_eq!(EmailAddress::parse(&address.forms()[1]), Ok(address.clone()));
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address));
            }
        }
    }
}
