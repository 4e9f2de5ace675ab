//! Answers that were asked for: each is remembered on this device until its end was seen.
//!
//! Invariant: whatever dies, an answer is asked for under the same run id again, so it is never paid for twice and never shown twice.

mod board;
mod handle;
mod payload;
mod runner;

pub use handle::{AnswerHandle, AnswerProgress, AnswerStage};

pub(crate) use board::Board;
pub(crate) use payload::AnswerPayload;
pub(crate) use runner::{Attempt, Runner};
