//! Generated text: always the same words in the same order, one token each.

/// One word: first of a paragraph, in a sentence, at its end, at the end of a paragraph, first of a sentence.
type Forms = [&'static str; 5];

macro_rules! forms {
    ($first:literal, $rest:literal) => {
        [
            $first,
            concat!(" ", $rest),
            concat!(" ", $rest, "."),
            concat!(" ", $rest, ".\n\n"),
            concat!(" ", $first),
        ]
    };
}

const WORDS: [Forms; 17] = [
    forms!("Rain", "rain"),
    forms!("Falls", "falls"),
    forms!("Over", "over"),
    forms!("The", "the"),
    forms!("Old", "old"),
    forms!("Harbour", "harbour"),
    forms!("While", "while"),
    forms!("Every", "every"),
    forms!("Boat", "boat"),
    forms!("Keeps", "keeps"),
    forms!("Its", "its"),
    forms!("Own", "own"),
    forms!("Lantern", "lantern"),
    forms!("And", "and"),
    forms!("Nobody", "nobody"),
    forms!("Hurries", "hurries"),
    forms!("Home", "home"),
];

const SENTENCE: u64 = 12;
const PARAGRAPH: u64 = 96;

/// The token with this number, from 0.
pub(crate) fn token(number: u64) -> &'static str {
    let length = u64::try_from(WORDS.len()).unwrap_or(1);
    let word = usize::try_from(number % length).unwrap_or(0);
    let form = if number.is_multiple_of(PARAGRAPH) {
        0
    } else if (number + 1).is_multiple_of(PARAGRAPH) {
        3
    } else if (number + 1).is_multiple_of(SENTENCE) {
        2
    } else if number.is_multiple_of(SENTENCE) {
        4
    } else {
        1
    };
    WORDS
        .get(word)
        .and_then(|forms| forms.get(form))
        .copied()
        .unwrap_or(" rain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_sentences_and_paragraphs() {
        let text: String = (0..97).map(token).collect();
        assert!(
            text.starts_with(
                "Rain falls over the old harbour while every boat keeps its own. Lantern and"
            ),
            "{text}"
        );
        assert_eq!(text.matches("\n\n").count(), 1);
        assert_eq!(text.matches('.').count(), 8);
    }
}
