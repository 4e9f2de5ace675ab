//! Postgres (15 or later) as a store, for one process or many.
//!
//! A few writers take the writes that wait and commit them in groups: what a group needs is loaded with a few statements, the domain decides
//! over it in memory, and what changed is written with a few statements, so that many appends share the round trips and the commit. Reads
//! have the other connections of the pool, and so have the units of accounts, which are plain transactions. One more connection tells other processes what went on here, and hears what went on there.
//!
//! Invariants:
//! - a write is answered only after the commit that holds it;
//! - whoever writes an owner's rows holds the lock on the owner's row, so that an owner's numbers are given in the order of commits;
//! - every statement on a person's rows is limited to their owner inside the SQL;
//! - every wait has an end, and a connection that failed in the middle of something is never used again;
//! - signals wake, the tables tell: whatever notification is missed, what went on is found.
#![warn(missing_docs)]

mod address;
mod append;
mod config;
mod connector;
mod conversations;
mod documents;
mod error;
mod expiry;
mod feed;
mod messages;
mod metrics;
mod migrations;
mod open;
mod open_error;
mod pipeline;
mod pool;
mod refusal_rows;
mod rows;
mod run_rows;
mod runs;
mod search;
mod signals;
mod store;
mod tls;
mod transfer;
mod workspace;
mod writer;

pub use config::PostgresConfig;
pub use metrics::PostgresMetrics;
pub use open_error::OpenError;
pub use store::{PostgresStore, SchemaVersions, StoreHealth};
