//! How a store can fail.

/// A failure of the store's infrastructure. Nothing was written when a write answers with one of these, unless the process died
/// in between; sending the same append again is always safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the store, or it has too much to do; may pass.
    #[error("the store is busy: {detail}")]
    Busy {
        /// For the log.
        detail: String,
    },
    /// The store cannot be reached or used; may pass.
    #[error("the store is unavailable: {detail}")]
    Unavailable {
        /// For the log.
        detail: String,
    },
    /// The store may not be written.
    #[error("the store is read-only: {detail}")]
    ReadOnly {
        /// For the log.
        detail: String,
    },
    /// The disk is full.
    #[error("the store's disk is full: {detail}")]
    Full {
        /// For the log.
        detail: String,
    },
    /// The store's files are damaged.
    #[error("the store is damaged: {detail}")]
    Corrupt {
        /// For the log.
        detail: String,
    },
    /// The store was written by a newer program.
    #[error("the store is newer than this program: {detail}")]
    Newer {
        /// For the log.
        detail: String,
    },
    /// A fault of the adapter itself, such as a statement that does not fit the schema.
    #[error("the store's adapter failed: {detail}")]
    Internal {
        /// For the log.
        detail: String,
    },
}
