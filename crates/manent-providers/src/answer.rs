//! From the bytes of an answer to its events.
//!
//! Invariants: the events do not depend on how the bytes are cut; nothing follows a `Done` or an error; an answer whose end
//! the provider never told ends with [`ProviderError::Truncated`].

#[cfg(any(test, feature = "fuzzing"))]
mod cutting;
mod decoder;
mod stream;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use cutting::decode;
#[cfg(test)]
pub(crate) use cutting::decode_every_way;
pub(crate) use decoder::{Events, Progress, Translator};
pub(crate) use stream::AnswerStream;
