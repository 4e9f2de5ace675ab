//! The reference store: everything in memory, written for clarity. It says what the ports mean; the stores that keep things
//! are compared with it.
//!
//! With the feature `conformance` it brings [`mod@conformance`], the suite that every store passes.
//!
//! Invariant: each call holds the one lock from its first look to its last change, so each is one atomic unit.
#![warn(missing_docs)]

#[cfg(feature = "conformance")]
pub mod conformance;

mod accounts;
mod conversations;
mod documents;
mod facts;
mod feed;
mod messages;
mod runs;
mod search;
mod state;
mod transfer;
mod unit;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use manent_domain::ports::{IgnoreSignals, SignalListener};

use state::State;
use unit::Unit;

/// A store in memory.
pub struct MemoryStore {
    state: Mutex<State>,
    listener: Arc<dyn SignalListener>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_signals(Arc::new(IgnoreSignals))
    }

    /// An empty store that tells after each unit of work what went on.
    pub fn with_signals(listener: Arc<dyn SignalListener>) -> Self {
        Self {
            state: Mutex::default(),
            listener,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One unit of work; its signals are given when the lock is free again.
    fn write<T>(&self, act: impl FnOnce(&mut Unit<'_>) -> T) -> T {
        let mut state = self.state();
        let mut unit = Unit::new(&mut state);
        let answer = act(&mut unit);
        let signals = unit.finish();
        drop(state);
        for signal in signals {
            self.listener.signal(signal);
        }
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryStore")
            .finish_non_exhaustive()
    }
}
