//! The outbox: the engine, driven by one task, over this device's store and this server.

mod driver;
mod send;
mod status;

pub use status::{OutboxItem, QueueStatus, SaveStatus};

pub(crate) use driver::{Command, Driver, Expect, Parts};
pub(crate) use status::Shared;
