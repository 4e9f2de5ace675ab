//! The journal: where the server's own writes wait while the store cannot take them.

use async_trait::async_trait;

use crate::journal::{JournalEntry, JournalLane};

/// The journal did not take the entries; they are nowhere but in memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It has its full size, or its disk is full.
    #[error("the journal is full: {detail}")]
    Full {
        /// For the log.
        detail: String,
    },
    /// It cannot be written.
    #[error("the journal cannot be written: {detail}")]
    Unavailable {
        /// For the log.
        detail: String,
    },
}

/// How the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalStatus {
    /// Entries that wait for the store.
    pub pending: u64,
    /// The size of its file in bytes.
    pub bytes: u64,
    /// Its largest size in bytes.
    pub max_bytes: u64,
    /// Entries that the store can never take; they are kept in the file for the person who runs the server.
    pub refused: u64,
    /// Whether it takes entries now.
    pub is_writable: bool,
}

/// A bounded, fsynced, local journal that is drained into the store in order.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes entries durably, all or none, in order; answers the position of the last one (grows over the life of the file). They are
    /// drained by themselves.
    async fn append(&self, entries: Vec<JournalEntry>) -> Result<u64, JournalError>;

    /// Whether entries of the lane wait: then later writes of it belong here too, or they would overtake.
    fn has_pending(&self, lane: JournalLane) -> bool;

    /// How it stands.
    fn status(&self) -> JournalStatus;
}
