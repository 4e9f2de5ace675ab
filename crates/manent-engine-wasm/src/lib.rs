//! The engine for JavaScript.
//!
//! Nothing is decided here: each call reads JSON text, hands it to `manent-engine`, and writes JSON text. The shell in TypeScript
//! (`clients/typescript`) owns the clock, the store, the network and the tabs.
//!
//! # Invariants
//!
//! - Text that cannot be read is refused with an error that says where, and changes nothing.
//! - Records of the device's store are opaque to the shell: it keeps the text that it is given and gives it back.
#![warn(missing_docs)]

mod answers;
mod breaker;
mod module;
mod outbox;
mod record;
mod wire;

pub use module::{Answers, CircuitBreaker, Outbox, answer_holder};
