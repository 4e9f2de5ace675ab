//! The names that people are shown by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must have 1 to 80 characters, something to be seen among them, and no line breaks or signs that turn the direction of writing"
)]
pub struct InvalidDisplayName;

/// The name that a person is shown by: 1 to 80 characters, trimmed, without control characters and without those that turn the direction in
/// which what stands beside it is written. Some of it can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name as a person typed it.
    ///
    /// # Errors
    /// When it is empty, too long, cannot be seen, or has control characters or signs that turn the direction of writing.
    pub fn parse(text: &str) -> Result<Self, InvalidDisplayName> {
        let text = text.trim();
        let is_refused = |character: char| character.is_control() || turns_direction(character);
        if (1..=80).contains(&text.chars().count())
            && !text.chars().any(is_refused)
            && !text.chars().all(is_invisible)
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDisplayName)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Embeddings, overrides and isolates of the bidirectional algorithm, and the separators of lines and paragraphs. Marks stay: names in two
/// scripts need them.
const fn turns_direction(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Blanks, and characters without a form of their own.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
        )
}

impl fmt::Display for DisplayName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for DisplayName {
    type Error = InvalidDisplayName;

    fn try_from(text: String) -> Result<Self, InvalidDisplayName> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_trimmed_and_bounded() {
        assert_eq!(DisplayName::parse(" Ada ").unwrap().as_str(), "Ada");
        assert!(DisplayName::parse(" ").is_err());
        assert!(DisplayName::parse("a\u{7}b").is_err());
        assert!(DisplayName::parse(&"é".repeat(80)).is_ok());
        assert!(DisplayName::parse(&"é".repeat(81)).is_err());
    }

    #[test]
    fn can_be_seen_and_turns_nothing_beside_it() {
        for bad in [
            "Ada\u{202e}nimda",
            "\u{2067}Ada",
            "Ada\u{2028}Root",
            "\u{200b}",
            "\u{200b} \u{2060}",
            "\u{3164}",
            "\u{e0041}\u{feff}",
        ] {
            assert_eq!(DisplayName::parse(bad), Err(InvalidDisplayName), "{bad:?}");
        }
        for good in [
            "עדה\u{200f} Ada",
            "نور\u{200c}الدین",
            "👩\u{200d}🚀",
            "阿达",
        ] {
            assert_eq!(DisplayName::parse(good).unwrap().as_str(), good);
        }
    }
}
