//! Postgres as a store.
#![warn(missing_docs)]

mod config;
mod metrics;
mod open_error;
mod store;

pub use config::PostgresConfig;
pub use metrics::PostgresMetrics;
pub use open_error::OpenError;
pub use store::{PostgresStore, SchemaVersions, StoreHealth};
