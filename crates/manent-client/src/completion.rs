//! Reading completions: the stream's bytes, its events, and the answer that they make.

mod content;
mod event;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod reader;
mod seen;
mod sse;
mod stream;

pub use content::AnswerContent;
pub use event::{CompletionEvent, Receipt};
pub use stream::{CompletionStream, PromptMessage};

pub(crate) use reader::{EventReader, Read, open_run};
pub(crate) use seen::SeenEvents;
pub(crate) use stream::generate_request;
