//! People's own keys for providers of models.

use std::fmt;

use manent_types::{Timestamp, UserId};

use crate::secret::SealedSecret;

/// The text names no endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint's name has 1 to 100 visible characters")]
pub struct InvalidEndpointName;

/// The name of an endpoint that a key was given for. The key is bound to it: it opens for no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointName(String);

impl EndpointName {
    /// Reads a name; it is taken as it is, case included.
    ///
    /// # Errors
    /// When it is empty, longer than 100 characters or has control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpointName> {
        let is_sound = (1..=100).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if is_sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEndpointName)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A key as it is stored: one for each owner and endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderKey {
    /// Whose.
    pub owner: UserId,
    /// What it opens.
    pub endpoint: EndpointName,
    /// The key, encrypted for this owner and endpoint.
    pub sealed: SealedSecret,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when it is not used; absent: never.
    pub expires_at: Option<Timestamp>,
}

impl ProviderKey {
    /// Whether it may be used at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_endpoints_are_bounded() {
        assert_eq!(EndpointName::parse("openAI").unwrap().as_str(), "openAI");
        for bad in ["", " openAI", "open\nAI", &"a".repeat(101)] {
            assert_eq!(
                EndpointName::parse(bad),
                Err(InvalidEndpointName),
                "{bad:?}"
            );
        }
    }
}
