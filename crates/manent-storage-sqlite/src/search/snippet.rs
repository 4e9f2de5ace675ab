//! Snippets: FTS5 marks what matches, here the marks become pieces.

use manent_domain::search::SnippetPiece;

/// Stands before what matches. A noncharacter, which no sensible text has; one that has it only gets a wrong mark.
pub(super) const MATCH_BEGIN: &str = "\u{fdd0}";

/// Stands after what matches.
pub(super) const MATCH_END: &str = "\u{fdd1}";

const MARKS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

/// Splits a marked text into pieces, none of them empty.
pub(super) fn pieces(marked: &str) -> Vec<SnippetPiece> {
    let mut pieces = Vec::new();
    let mut push = |text: &str, is_match| {
        let text: String = text
            .chars()
            .filter(|character| !MARKS.contains(character))
            .collect();
        if !text.is_empty() {
            pieces.push(SnippetPiece { text, is_match });
        }
    };
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(MATCH_BEGIN) {
        push(before, false);
        let (matched, after) = after.split_once(MATCH_END).unwrap_or((after, ""));
        push(matched, true);
        rest = after;
    }
    push(rest, false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(marked: &str) -> Vec<(String, bool)> {
        pieces(marked)
            .into_iter()
            .map(|piece| (piece.text, piece.is_match))
            .collect()
    }

    fn piece(text: &str, is_match: bool) -> (String, bool) {
        (text.to_owned(), is_match)
    }

    #[test]
    fn splits_at_the_marks() {
        assert_eq!(
            split("plan the \u{fdd0}garden\u{fdd1} now"),
            [
                piece("plan the ", false),
                piece("garden", true),
                piece(" now", false)
            ]
        );
        assert_eq!(split("\u{fdd0}a\u{fdd1}"), [piece("a", true)]);
        assert_eq!(split(""), []);
    }

    #[test]
    fn survives_marks_that_the_text_brings_itself() {
        assert_eq!(
            split("a\u{fdd1}b\u{fdd0}c"),
            [piece("ab", false), piece("c", true)]
        );
        assert_eq!(
            split("\u{fdd0}\u{fdd0}a\u{fdd1}\u{fdd1}"),
            [piece("a", true)]
        );
    }
}
