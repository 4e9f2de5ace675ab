//! Cutting texts into chunks. Joined again, the chunks are the text.

use crate::rules::Chunking;

/// The end of the chunk that begins at the start of `rest`, which is not empty.
pub(crate) fn chunk_end(rest: &str, chunking: Chunking) -> usize {
    let end = match chunking {
        Chunking::Whole => None,
        Chunking::Words => word_end(rest),
        Chunking::Lines => rest.find('\n').map(|at| at + 1),
        Chunking::Characters(count) => rest.char_indices().nth(count).map(|(at, _)| at),
    };
    end.unwrap_or(rest.len())
}

/// Behind the first word, with the space before it.
fn word_end(rest: &str) -> Option<usize> {
    let word = rest.find(|character: char| !character.is_whitespace())?;
    rest[word..].find(char::is_whitespace).map(|at| word + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, chunking: Chunking) -> Vec<&str> {
        let mut rest = text;
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let (chunk, behind) = rest.split_at(chunk_end(rest, chunking));
            chunks.push(chunk);
            rest = behind;
        }
        chunks
    }

    #[test]
    fn cuts_in_every_way() {
        let text = " Grüße  an\nalle \u{1f600}!\n";
        assert_eq!(cut(text, Chunking::Whole), [text]);
        assert_eq!(
            cut(text, Chunking::Words),
            [" Grüße", "  an", "\nalle", " \u{1f600}!", "\n"]
        );
        assert_eq!(
            cut(text, Chunking::Lines),
            [" Grüße  an\n", "alle \u{1f600}!\n"]
        );
        assert_eq!(
            cut(text, Chunking::Characters(6)),
            [" Grüße", "  an\na", "lle \u{1f600}!", "\n"]
        );
        assert_eq!(cut("", Chunking::Words), Vec::<&str>::new());
    }

    fn any_chunking() -> impl Strategy<Value = Chunking> {
        prop_oneof![
            Just(Chunking::Whole),
            Just(Chunking::Words),
            Just(Chunking::Lines),
            (1_usize..9).prop_map(Chunking::Characters),
        ]
    }

    proptest! {
        #[test]
        fn joined_again_the_chunks_are_the_text(text in "\\PC{0,60}|[ a\n\u{1f600}]{0,60}", chunking in any_chunking()) {
            let chunks = cut(&text, chunking);
            prop_assert!(chunks.iter().all(|chunk| !chunk.is_empty()));
            prop_assert_eq!(chunks.concat(), text);
        }
    }
}
