//! Sentences of made-up words, as unevenly common as the words of a language (Zipf's law).

use rand::RngExt;
use rand::rngs::StdRng;

/// How many different words there are.
const WORDS: u32 = 40_000;

const ONSETS: [&str; 16] = [
    "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ou", "ea"];

/// Words by how common they are.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    words: Vec<String>,
    /// The share of all text that this word and the more common ones make up.
    cumulative: Vec<f64>,
}

impl Vocabulary {
    /// The vocabulary; the same each time.
    pub(crate) fn new() -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=WORDS)
            .map(|rank| {
                sum += 1.0 / f64::from(rank);
                sum
            })
            .collect();
        for share in &mut cumulative {
            *share /= sum;
        }
        Self {
            words: (0..WORDS).map(word).collect(),
            cumulative,
        }
    }

    /// A word; common ones often.
    pub(crate) fn pick(&self, random: &mut StdRng) -> &str {
        let share: f64 = random.random();
        let index = self.cumulative.partition_point(|upper| *upper < share);
        self.words.get(index).map_or("a", String::as_str)
    }

    /// Between 8 and 56 words, 32 on average.
    pub(crate) fn message(&self, random: &mut StdRng) -> String {
        let words = random.random_range(8..=56);
        let mut text = String::with_capacity(words * 7);
        for word in 0..words {
            if word > 0 {
                text.push(' ');
            }
            text.push_str(self.pick(random));
        }
        text
    }
}

/// Whether it is one of the 128 commonest words, those of a single syllable, which make up half of all text.
pub(crate) fn is_common(word: &str) -> bool {
    word.len() <= 3
}

/// The word of a rank: syllables as digits, so that no two are the same and common ones are short.
fn word(rank: u32) -> String {
    let mut rest = rank;
    let mut word = String::new();
    loop {
        let syllable = rest % 128;
        word.push_str(ONSETS[(syllable % 16) as usize]);
        word.push_str(VOWELS[(syllable / 16) as usize]);
        rest /= 128;
        if rest == 0 {
            return word;
        }
        rest -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::data::seeded;

    #[test]
    fn no_two_words_are_the_same() {
        let words: HashSet<String> = (0..WORDS).map(word).collect();
        assert_eq!(words.len(), WORDS as usize);
    }

    #[test]
    fn the_commonest_words_are_known_by_their_length() {
        let common: Vec<u32> = (0..WORDS).filter(|rank| is_common(&word(*rank))).collect();
        assert_eq!(common, (0..128).collect::<Vec<u32>>());
    }

    #[test]
    fn text_is_the_same_in_every_run() {
        let vocabulary = Vocabulary::new();
        let text = |seed| vocabulary.message(&mut seeded(seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
