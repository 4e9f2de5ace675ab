//! User names: short names that people choose for themselves. They are not unique and nobody signs in with one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The text is no user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 2 to 80 letters, digits and signs such as _ . - @")]
pub struct InvalidUsername;

/// A user name: 2 to 80 letters of any script, digits and common signs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

impl Username {
    /// Reads a name as a person typed it, trimmed.
    ///
    /// # Errors
    /// When it is too short, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let text = text.trim();
        let is_allowed =
            |character: char| character.is_alphanumeric() || " _.@#$%&*()'+-".contains(character);
        if (2..=80).contains(&text.chars().count()) && text.chars().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidUsername)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for Username {
    type Error = InvalidUsername;

    fn try_from(text: String) -> Result<Self, InvalidUsername> {
        Self::parse(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_letters_of_every_script() {
        for good in ["ada", "Ада", "阿达", "ada.l_1", " ada "] {
            assert_eq!(Username::parse(good).unwrap().as_str(), good.trim());
        }
    }

    #[test]
    fn refuses_what_is_too_short_too_long_or_markup() {
        for bad in ["", "a", "<script>", "ada\n", "a\u{202e}da"] {
            let is_trimmed = bad == "ada\n";
            assert_eq!(Username::parse(bad).is_ok(), is_trimmed, "{bad:?}");
        }
        assert_eq!(Username::parse(&"a".repeat(81)), Err(InvalidUsername));
    }
}
