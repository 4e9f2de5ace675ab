//! Real Postgres servers for tests.
//!
//! [`PostgresServer::shared`] is one server for all tests of a process, with a database for each; [`PostgresServer::private`] is one that a test may
//! stop and start. A server is started from the programs of the machine, on a free port of 127.0.0.1, in a directory of its own; or
//! `MANENT_TEST_POSTGRES_URL` names a running one whose user may create databases.
//!
//! Invariants:
//! - without Postgres a test fails and says what to install; it is never skipped;
//! - a server that was started here ends with its process, however that ends, and takes its directory with it.
#![warn(missing_docs)]

mod account;
mod database;
mod janitor;
mod programs;
mod server;
mod watcher;

pub use database::Database;
pub use server::{PostgresServer, ServerKeys, ServerOptions, Stop};
