//! What tests share: the real server, in this process ([`TestServer`]) or as one of its own ([`ServerProcess`]), always on a port of
//! its own and with a data directory of its own, and a [`Client`] that tells status and body.
//!
//! Nothing here sleeps: a server is ready when it says so.
#![warn(missing_docs)]

mod client;
mod events;
mod in_process;
mod process;
mod proxy;
mod raw;

pub use client::{Answer, Client};
pub use events::{Block, Event, EventReader};
pub use in_process::TestServer;
pub use process::ServerProcess;
pub use proxy::{Direction, Fault, FaultProxy, Mixture, ProxyCounts};
pub use raw::{RawAnswer, RawConnection};

/// A new id of version 7, as clients mint them.
#[expect(
    clippy::disallowed_methods,
    reason = "stands for a client, which has a clock of its own"
)]
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
