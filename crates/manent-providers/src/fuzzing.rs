//! What fuzzing reaches of the inside. Every function panics when a promise is broken.

use std::sync::Arc;

use manent_domain::completion::CompletionEvent;

use crate::answer::{Translator, decode};
use crate::config::{ProviderConfig, ProviderKind};
use crate::http::Redaction;
use crate::models::Models;
use crate::{anthropic, base_url, openai};

/// An answer of Anthropic's format, cut into pieces of this length.
pub fn anthropic_answer(bytes: &[u8], piece: usize) {
    says_the_same(anthropic::Translator::new, bytes, piece);
}

/// An answer of the OpenAI-compatible format, cut into pieces of this length.
pub fn openai_answer(bytes: &[u8], piece: usize) {
    says_the_same(openai::Translator::new, bytes, piece);
}

/// What an answer says depends neither on how it is cut, nor does anything follow its end.
fn says_the_same<T: Translator>(make: impl Fn(Arc<Redaction>) -> T, bytes: &[u8], piece: usize) {
    let translator = || make(Arc::new(Redaction::new([])));
    let whole = decode(translator(), [bytes]);
    let cut = decode(translator(), bytes.chunks(piece.max(1)));
    assert_eq!(cut, whole, "cut into pieces of {piece}");
    let is_end =
        |said: &Result<CompletionEvent, _>| matches!(said, Err(_) | Ok(CompletionEvent::Done(_)));
    let ends = whole.iter().filter(|said| is_end(said)).count();
    assert_eq!(ends, 1, "one end: {whole:?}");
    assert!(
        whole.last().is_some_and(is_end),
        "the end is last: {whole:?}"
    );
}

/// The models that an endpoint lists: bounded, whatever it says.
pub fn model_list(bytes: &[u8]) {
    for kind in [ProviderKind::Anthropic, ProviderKind::OpenAiCompatible] {
        let models = Models::new(&ProviderConfig::new(
            "fuzzed",
            kind,
            "https://provider.example",
        ));
        if let Ok(list) = models.take_list(bytes) {
            assert!(list.len() <= 1_000, "{} models", list.len());
            assert!(list.iter().all(|model| model.model.len() <= 200));
        }
    }
}

/// The address of an endpoint, which people may choose.
pub fn base_address(text: &str) {
    for kind in [ProviderKind::Anthropic, ProviderKind::OpenAiCompatible] {
        let _ = base_url::addresses(kind, text);
    }
    if let Ok(url) = base_url::parse(text) {
        assert!(matches!(url.scheme(), "http" | "https"), "{url}");
        assert!(
            url.username().is_empty() && url.password().is_none(),
            "{url}"
        );
    }
}
