//! The reference store: everything in memory, written for clarity. It says what the ports mean; the stores that keep things
//! are compared with it.
//!
//! With the feature `conformance` it brings [`mod@conformance`], the suite that every store passes.
//!
//! Invariant: each call holds the one lock from its first look to its last change, so each is one atomic unit.
#![warn(missing_docs)]

#[cfg(feature = "conformance")]
pub mod conformance;

mod conversations;
mod facts;
mod messages;
mod search;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use state::State;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
