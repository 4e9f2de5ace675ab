//! The journal: where the server's own writes wait while the store cannot take them.
//!
//! A directory of append-only files, bounded in bytes, for one process. Draining goes through the queue-and-breaker engine of
//! `manent-engine`.
//!
//! # Invariants
//!
//! - **Safe before acknowledged.** An append is answered after its records, and after them the mark that counts them as acknowledged, are on
//!   the disk. A batch is one record: all of it or nothing.
//! - **Never guessed.** What was acknowledged is read back as it was written, or the journal refuses to open, names the file and changes
//!   nothing. What lies behind the mark was promised to nobody: an unfinished record there is cut off.
//! - **In order.** Entries of a lane reach the store in the order in which they were journalled; lanes do not wait for one another.
//! - **Nothing is dropped.** An entry leaves when the store has it. What the store can never take is kept in a file of its own.
//! - **Applied again is harmless.** After a crash entries may come again that the store has already.
//!
//! # Files
//!
//! `*.segment` hold entries and notes of what is settled; the oldest are deleted once they are drained. `refused.journal` holds what the store
//! can never take. `journal.mark` says how much of both was acknowledged. `journal.lock` is held by the process that uses them.
#![warn(missing_docs)]

mod config;
mod directory;
mod drain;
mod error;
mod files;
mod frame;
#[cfg(feature = "fuzzing")]
#[expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is a finding"
)]
pub mod fuzzing;
mod header;
mod index;
mod inspect;
mod journal;
mod mark;
mod recovery;
mod refused;
mod salvage;
mod stored;
mod target;
mod writer;

#[cfg(test)]
mod tests;

pub use config::JournalConfig;
pub use error::JournalOpenError;
pub use inspect::{JournalReport, LaneReport, RefusedReport, inspect};
pub use journal::{FileJournal, JournalMetrics};
pub use refused::{RefusedError, retry_refused, set_refused_aside};
pub use salvage::{LeftOut, SalvageError, SalvageReport, salvage};
pub use target::{Applied, JournalTarget, StoreTarget};
