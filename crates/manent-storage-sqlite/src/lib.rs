//! SQLite as a store.
//!
//! One thread owns the one connection that writes. It takes what waits, runs it in one transaction, commits once and answers all: many appends
//! share one fsync. When one of them fails, they are done again with a savepoint each, so that the others are stored. A pool of threads with connections that cannot write serves the reads.
//! Checkpoints run on a connection of their own, off the path of the appends. The search knows the answer of a run once it is at its end: words
//! that change ten times a second are not indexed ten times a second.
//!
//! Invariants:
//! - a job is answered only after the commit that holds it, and with `synchronous = FULL` that commit is on the disk;
//! - a job that fails leaves nothing behind and takes nothing with it;
//! - what stands in a feed was written by the transaction that made the change, and numbers are given at its end: what fails leaves no hole;
//! - every statement on a person's rows is limited to their owner inside the SQL;
//! - queues are bounded in bytes and in waiting time, the write-ahead log is bounded in pages.
#![warn(missing_docs)]

mod append;
mod checkpoint;
mod config;
mod connection;
mod conversations;
mod directory;
mod documents;
mod error;
mod expiry;
mod feed;
mod feed_entries;
mod forgetting;
mod look;
mod messages;
mod metrics;
mod open;
mod placed_files;
mod reader;
mod rows;
mod runs;
mod schema;
mod search;
mod search_index;
mod store;
mod transfer;
mod users;
mod writer;

pub use config::{Durability, SqliteConfig};
pub use look::{DatabaseLook, look};
pub use metrics::SqliteMetrics;
pub use open::OpenError;
pub use store::{SqliteStore, StoreHealth};
