//! Titles cut from a first message.

/// The longest cut in characters, the ellipsis included.
pub const CUT_CHARACTERS: usize = 60;

/// A title cut from the first words of a message: one line, at most [`CUT_CHARACTERS`] characters, cut between words where
/// that is possible. Absent when the message has no visible words.
pub fn cut(text: &str) -> Option<String> {
    let line = text
        .lines()
        .map(|line| {
            line.trim_start_matches(['#', '>', '-', '*', '`', ' ', '\t'])
                .trim()
        })
        .find(|line| line.chars().any(char::is_alphanumeric))
        .or_else(|| text.lines().map(str::trim).find(|line| !line.is_empty()))?;
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= CUT_CHARACTERS {
        return Some(line);
    }
    let head: String = line.chars().take(CUT_CHARACTERS - 1).collect();
    let kept = match head.rfind(' ') {
        Some(at) if head[..at].chars().count() >= CUT_CHARACTERS / 2 => &head[..at],
        _ => head.as_str(),
    };
    Some(format!(
        "{}…",
        kept.trim_end_matches([' ', ',', '.', ';', ':'])
    ))
}

/// Brings what a model answered into the form of a title: one line, without quotes and a final full stop, at most 80 characters.
/// Absent when nothing is left.
pub fn tidy_generated(answer: &str) -> Option<String> {
    let line = answer
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let line = line
        .trim_start_matches(['#', ' '])
        .trim_matches(['"', '\'', '`', '*', '“', '”', '„', '«', '»', ' '])
        .trim_end_matches('.');
    let title: String = line
        .chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect();
    let title = title.trim();
    (!title.is_empty()).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_short_line_and_drops_markdown_marks() {
        assert_eq!(
            cut("  ## Plan   the garden\nplease"),
            Some("Plan the garden".to_owned())
        );
        assert_eq!(cut("\n\n\u{1f600}"), Some("\u{1f600}".to_owned()));
        assert_eq!(cut(" \n\t "), None);
    }

    #[test]
    fn cuts_between_words() {
        let title = cut(&"word ".repeat(40)).unwrap();
        assert!(title.chars().count() <= CUT_CHARACTERS, "{title}");
        assert!(title.ends_with("word…"), "{title}");
    }

    #[test]
    fn cuts_a_word_without_end_inside() {
        assert_eq!(
            cut(&"ä".repeat(500)).unwrap().chars().count(),
            CUT_CHARACTERS
        );
    }

    #[test]
    fn tidies_what_a_model_says() {
        assert_eq!(
            tidy_generated("\n\"Garden plans.\"\n"),
            Some("Garden plans".to_owned())
        );
        assert_eq!(tidy_generated(" ** "), None);
    }
}
