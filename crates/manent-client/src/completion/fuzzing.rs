//! What fuzzing reaches of reading a stream.

use super::sse::SseDecoder;
use super::{AnswerContent, CompletionEvent};

/// The stream of an answer, cut into pieces of this length: it says the same however it is cut, and nothing changes an answer that has ended.
///
/// # Panics
/// When that is not so.
pub fn answer(bytes: &[u8], piece: usize) {
    let whole = events(std::iter::once(bytes));
    assert_eq!(
        events(bytes.chunks(piece.max(1))),
        whole,
        "cut into {piece}"
    );
    let mut content = AnswerContent::default();
    for event in &whole {
        let ended = content.status.is_some().then(|| content.clone());
        content.apply(event);
        if let Some(ended) = ended {
            assert_eq!(content, ended, "it had ended");
        }
        assert!(
            !event.is_end() || content.status.is_some(),
            "an end ends it"
        );
    }
    assert!(!content.parts().is_empty(), "a message has parts");
}

/// What the events say, as far as they are known; all before the one that is too large.
fn events<'bytes>(chunks: impl Iterator<Item = &'bytes [u8]>) -> Vec<CompletionEvent> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    for chunk in chunks {
        let fed = decoder.feed(chunk);
        while let Some(raw) = decoder.next() {
            events.extend(CompletionEvent::read(&raw));
        }
        if fed.is_err() {
            break;
        }
    }
    events
}
