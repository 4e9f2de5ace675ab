//! What the proofs share. The proofs themselves are in `tests/`: each breaks something on purpose (a process, a database, a connection) and
//! shows that what the documents promise holds all the same.
//!
//! Everything is real: server processes, SQLite files, a Postgres server, sockets, and the adapters that speak to a scripted provider over
//! HTTP. Nothing here sleeps to wait for something: [`eventually`] asks until it is so, up to a bound.
#![warn(missing_docs)]

mod api;
mod database;
mod deployment;
mod follow;
mod node;
mod patience;
mod provider;
mod scale;
mod statistics;
mod stream;

pub use api::{Api, text_of};
pub use database::{Database, Store};
pub use deployment::Deployment;
pub use follow::Follower;
pub use node::Node;
pub use patience::{bounded, eventually};
pub use provider::{Provider, WORDS, continue_after, words};
pub use scale::{scaled, seeded};
pub use statistics::percentile;
pub use stream::{Arrived, EventStream, Opened};
