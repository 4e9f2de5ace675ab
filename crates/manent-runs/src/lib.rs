//! Runs and turns: generations that outlive their readers, and the one place where keeping a conversation and generating an answer meet.
//!
//! Invariants:
//! - the provider's request never waits for the store longer than [`RunsConfig::registration_wait`], and a turn's never waits at all;
//! - an event is in the run's log in memory before any reader gets it, and in the store at most about
//!   [`RunsConfig::flush_interval`] later, while the store works;
//! - a reader that is slow or gone never slows the run;
//! - what the store cannot take goes to the journal, in order; what neither takes is told.
#![warn(missing_docs)]

mod config;
mod driver;
mod flusher;
mod follow;
mod gate;
mod health;
mod hub;
mod live;
mod opener;
mod ports;
mod reader;
mod reaper;
mod service;
mod turn;
mod watchers;

pub use config::RunsConfig;
pub use ports::RunPorts;
pub use reader::{Notice, Persisted, RunItem, RunReader};
pub use service::{Attachment, Launched, RunService, StartRun, Started};
pub use turn::{NewTurn, StartedTurn, TurnService};
