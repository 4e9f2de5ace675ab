//! For tests and fuzzing: decodes an answer cut in every possible way.

use manent_domain::completion::{CompletionEvent, ProviderError};

use super::decoder::{AnswerDecoder, Translator};

/// What an answer says, errors included.
pub(crate) type Said = Vec<Result<CompletionEvent, ProviderError>>;

/// Decodes these chunks, and then the end.
pub(crate) fn decode<'bytes, T: Translator>(
    translator: T,
    chunks: impl IntoIterator<Item = &'bytes [u8]>,
) -> Said {
    let mut decoder = AnswerDecoder::new(translator);
    for chunk in chunks {
        decoder.feed(chunk);
    }
    decoder.finish();
    assert!(decoder.is_ended());
    std::iter::from_fn(|| decoder.next_event()).collect()
}

#[cfg(test)]
/// Decodes the bytes whole, cut once at every border, and one by one, and asserts that they always say the same.
pub(crate) fn decode_every_way<T: Translator>(make: impl Fn() -> T, bytes: &[u8]) -> Said {
    let whole = decode(make(), [bytes]);
    for border in 0..=bytes.len() {
        let (before, after) = bytes.split_at(border);
        assert_eq!(decode(make(), [before, after]), whole, "cut at {border}");
    }
    assert_eq!(decode(make(), bytes.chunks(1)), whole, "cut everywhere");
    whole
}
