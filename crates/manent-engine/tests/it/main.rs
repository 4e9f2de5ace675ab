//! The outbox through its public interface.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bench;
mod crowd;
mod decisions;
mod details;
mod lanes;
mod orders;
mod properties;
mod refusals;
mod restart;
mod shown;
mod story;
