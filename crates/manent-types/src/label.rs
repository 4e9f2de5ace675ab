//! A label: a word by which a surface finds conversations again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is empty, longer than 160 characters, or has control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a label has 1 to 160 characters and no control characters")]
pub struct InvalidLabel;

/// A label of a conversation: 1 to 160 characters, none of them a control character. Compared and ordered by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 160))]
pub struct Label(String);

impl Label {
    /// The longest in characters.
    pub const MAX_CHARACTERS: usize = 160;

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Label {
    type Error = InvalidLabel;

    fn try_from(text: String) -> Result<Self, InvalidLabel> {
        let is_short = text.chars().take(Self::MAX_CHARACTERS + 1).count() <= Self::MAX_CHARACTERS;
        if !text.is_empty() && is_short && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidLabel)
        }
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_short_words_without_control_characters_only() {
        for good in ["tag:work", "ü", " ", &"ü".repeat(160)] {
            assert_eq!(good.parse::<Label>().unwrap().as_str(), good);
        }
        for bad in ["", "a\nb", "\u{0}", &"x".repeat(161)] {
            assert_eq!(bad.parse::<Label>(), Err(InvalidLabel), "{bad:?}");
        }
    }
}
