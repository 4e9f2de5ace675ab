//! Snippets: the words from just before the first match on.

use manent_domain::search::SnippetPiece;

use super::words::{Wanted, folded, ranges};

/// The words of a snippet, at most.
const WORDS: usize = 24;

/// How many of them stand before the first match, at most.
const WORDS_BEFORE: usize = 4;

/// A part of the text with the matches marked; no piece is empty.
pub(crate) fn snippet(text: &str, wanted: &Wanted) -> Vec<SnippetPiece> {
    let words: Vec<_> = ranges(text)
        .into_iter()
        .map(|range| {
            let is_match = wanted.is_match(&folded(&text[range.clone()]));
            (range, is_match)
        })
        .collect();
    let first = words.iter().position(|(_, is_match)| *is_match);
    let from = first.unwrap_or(0).saturating_sub(WORDS_BEFORE);
    let to = words.len().min(from + WORDS);
    let shown = &words[from..to];
    let begin = match shown.first() {
        Some((range, _)) if from > 0 => range.start,
        _ => 0,
    };
    let end = match shown.last() {
        Some((range, _)) if to < words.len() => range.end,
        _ => text.len(),
    };
    let mut pieces = Vec::new();
    let mut push = |text: &str, is_match| {
        if !text.is_empty() {
            let text = text.to_owned();
            pieces.push(SnippetPiece { text, is_match });
        }
    };
    if from > 0 {
        push("…", false);
    }
    let mut at = begin;
    for (range, _) in shown.iter().filter(|(_, is_match)| *is_match) {
        push(&text[at..range.start], false);
        push(&text[range.clone()], true);
        at = range.end;
    }
    push(&text[at..end], false);
    if to < words.len() {
        push("…", false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(words: &[&str]) -> Wanted {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Wanted::new(&words).unwrap()
    }

    fn shown(text: &str, words: &[&str]) -> Vec<(String, bool)> {
        snippet(text, &wanted(words))
            .into_iter()
            .map(|piece| (piece.text, piece.is_match))
            .collect()
    }

    fn piece(text: &str, is_match: bool) -> (String, bool) {
        (text.to_owned(), is_match)
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(
            shown("Plan the GÄRTEN, please", &["garten", "pl"]),
            [
                piece("Plan", true),
                piece(" the ", false),
                piece("GÄRTEN", true),
                piece(", ", false),
                piece("please", true)
            ]
        );
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}needle{}", "hay ".repeat(100), " hay".repeat(100));
        let pieces = shown(&text, &["needle"]);
        assert_eq!(
            pieces,
            [
                piece("…", false),
                piece("hay hay hay hay ", false),
                piece("needle", true),
                piece(&" hay".repeat(19), false),
                piece("…", false)
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_cut(text in ".{0,300}", word in "[a-zà-ö]{1,3}") {
            let pieces = snippet(&text, &wanted(&[&word]));
            prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty()));
        }
    }
}
