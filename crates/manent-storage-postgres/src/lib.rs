//! Postgres as a store.
#![warn(missing_docs)]
