//! What a word is: a run of letters, digits and marks, compared in lower case and without accents.
//!
//! The same words are made of what is stored and of what is searched for, here and not by the dictionaries of the database, so that a search
//! finds the same whatever is installed there.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use manent_types::UserId;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word in bytes; of a longer one the beginning counts. Postgres takes 2046.
const WORD_BYTES: usize = 1_024;

/// The most bytes of words of one text; what comes behind is not found. Postgres takes 1 MiB with the places.
const TEXT_BYTES: usize = 640 * 1_024;

/// The farthest place of a word that Postgres remembers.
const LAST_PLACE: usize = 16_383;

/// The most places of one word that are remembered.
const PLACES_OF_A_WORD: usize = 100;

/// Begins the word for the owner. No word of a text has it.
const OWNER_MARK: char = '@';

/// Where the words of a text are.
pub(crate) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let is_of_word = |character: char| character.is_alphanumeric() || is_combining_mark(character);
    for (at, character) in text.char_indices().filter(|(_, found)| is_of_word(*found)) {
        let end = at + character.len_utf8();
        match ranges.last_mut() {
            Some(word) if word.end == at => word.end = end,
            _ => ranges.push(at..end),
        }
    }
    ranges
}

/// A word as it is compared; empty when it has nothing but accents.
pub(crate) fn folded(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        let is_folded = !word.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_folded {
            Cow::Borrowed(shortened(word))
        } else {
            Cow::Owned(shortened(word).to_ascii_lowercase())
        };
    }
    let folded: String = word
        .nfd()
        .filter(|character| !is_accent(*character))
        .flat_map(char::to_lowercase)
        .filter(|character| !is_accent(*character))
        .collect();
    Cow::Owned(shortened(&folded).to_owned())
}

/// Marks that are put on letters and not letters of their own, as the vowels of Indian scripts are.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn shortened(word: &str) -> &str {
    &word[..word.floor_char_boundary(WORD_BYTES)]
}

/// A text's words with their places and the owner's word, as text for a `tsvector`; absent when it has no words.
pub(crate) fn tsvector(owner: UserId, text: &str) -> Option<String> {
    let mut words: Vec<(Cow<'_, str>, usize)> = Vec::new();
    let mut bytes = 0;
    for range in ranges(text) {
        let word = folded(&text[range]);
        // A word of its own, and one more place.
        bytes += word.len() + 8;
        if bytes > TEXT_BYTES {
            break;
        }
        if !word.is_empty() {
            words.push((word, words.len() + 1));
        }
    }
    if words.is_empty() {
        return None;
    }
    words.sort();
    let mut vector = String::with_capacity(bytes + 48);
    push_owner(&mut vector, owner);
    let mut before = None;
    let mut places = 0;
    for (word, place) in &words {
        let place = (*place).min(LAST_PLACE);
        // Writing into a string does not fail.
        if before == Some(word) {
            places += 1;
            if places <= PLACES_OF_A_WORD {
                let _ = write!(vector, ",{place}");
            }
        } else {
            let _ = write!(vector, " '{word}':{place}");
            places = 1;
        }
        before = Some(word);
    }
    Some(vector)
}

/// A title's words, as text for a `tsvector`.
pub(crate) fn tsvector_of_title(owner: UserId, title: Option<&str>) -> Option<String> {
    tsvector(owner, title?)
}

fn push_owner(text: &mut String, owner: UserId) {
    let _ = write!(text, "'{OWNER_MARK}{}'", owner.as_uuid().simple());
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Each given word as the words that it has by the rules of this module, which must stand side by side. The last one may be the beginning of
    /// a word.
    phrases: Vec<Vec<String>>,
}

impl Wanted {
    /// Absent when a word has no letters: nothing can have it.
    pub(crate) fn new(words: &[String]) -> Option<Self> {
        let phrases = words
            .iter()
            .map(|word| {
                let phrase: Vec<String> = ranges(word)
                    .into_iter()
                    .map(|range| folded(&word[range]).into_owned())
                    .filter(|word| !word.is_empty())
                    .collect();
                (!phrase.is_empty()).then_some(phrase)
            })
            .collect::<Option<Vec<_>>>()?;
        (!phrases.is_empty()).then_some(Self { phrases })
    }

    /// As text for a `tsquery`, for the ranking.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        for (index, phrase) in self.phrases.iter().enumerate() {
            if index > 0 {
                query.push_str(" & ");
            }
            query.push('(');
            for (index, word) in phrase.iter().enumerate() {
                let join = if index > 0 { " <-> " } else { "" };
                let _ = write!(query, "{join}'{word}'");
            }
            if index + 1 == self.phrases.len() {
                query.push_str(":*");
            }
            query.push(')');
        }
        query
    }

    /// As text for a `tsquery` that finds rows of the owner alone.
    pub(crate) fn query_of(&self, owner: UserId) -> String {
        let mut query = String::new();
        push_owner(&mut query, owner);
        query.push_str(" & ");
        query.push_str(&self.query());
        query
    }

    /// Whether a folded word is one of those that are searched for.
    pub(crate) fn is_match(&self, word: &str) -> bool {
        let is_beginning = self
            .phrases
            .last()
            .and_then(|phrase| phrase.last())
            .is_some_and(|last| word.starts_with(last.as_str()));
        is_beginning || self.phrases.iter().flatten().any(|wanted| wanted == word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner() -> UserId {
        UserId::new(uuid::Uuid::from_u128(7))
    }

    #[test]
    fn folds_case_and_accents_and_keeps_vowels_of_other_scripts() {
        for (word, expected) in [
            ("GARDEN", "garden"),
            ("Gärtner", "gartner"),
            ("Ga\u{308}rtner", "gartner"),
            ("İstanbul", "istanbul"),
            ("Сад", "сад"),
            ("Ёлка", "елка"),
            ("हिन्दी", "हिन्दी"),
            ("日本語", "日本語"),
            ("\u{301}", ""),
        ] {
            assert_eq!(folded(word), expected, "{word}");
        }
    }

    #[test]
    fn writes_words_with_their_places() {
        assert_eq!(
            tsvector(owner(), "Plan the GARDEN, plan!").unwrap(),
            "'@00000000000000000000000000000007' 'garden':3 'plan':1,4 'the':2"
        );
        assert_eq!(tsvector(owner(), "—?!"), None);
    }

    #[test]
    fn words_cannot_become_operators() {
        let words = ["OR".to_owned(), "a'b".to_owned(), "c:*d".to_owned()];
        assert_eq!(
            Wanted::new(&words).unwrap().query(),
            "('or') & ('a' <-> 'b') & ('c' <-> 'd':*)"
        );
        assert_eq!(Wanted::new(&["!".to_owned()]), None);
        assert_eq!(Wanted::new(&[]), None);
    }

    #[test]
    fn a_long_text_stays_within_what_postgres_takes() {
        for word in ["", "a", "wörter", "日本"] {
            let text = (0..200_000).fold(String::new(), |text, number| {
                text + word + &number.to_string() + " "
            });
            assert!(tsvector(owner(), &text).unwrap().len() < 2 * TEXT_BYTES);
        }
        let long = tsvector(owner(), &"x".repeat(1 << 20)).unwrap();
        assert_eq!(long.len(), WORD_BYTES + 40);
    }

    proptest! {
        #[test]
        fn words_have_nothing_that_postgres_would_read_otherwise(text in ".{0,200}") {
            for range in ranges(&text) {
                let word = folded(&text[range]);
                prop_assert!(!word.contains(['\'', '\\', ' ', OWNER_MARK, '\0']), "{word}");
            }
        }
    }
}
