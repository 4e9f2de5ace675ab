//! Generations, protocol version 1: a request begins one and returns, another reads it, and it outlives every connection.
//!
//! A chat start is a turn, or a run that answers a message that is there. The stream of a conversation is its newest run, and everything that
//! the client is told comes from that run's log and from the store; what is remembered here beside it only saves the store a question.
//!
//! Invariants:
//! - a stream ends with a last frame, or its connection breaks: the client waits for ever after a clean end without one;
//! - nothing is told to have ended before it is stored, or known not to be storable now;
//! - whoever is not the owner is answered as if there were nothing.

mod abort;
mod board;
mod catalog;
mod finish;
mod frames;
mod given;
mod plan;
mod refusal;
mod start;
mod status;
mod steer;
mod stream;
mod titles;

use std::sync::Arc;

use manent_domain::ports::Clock;
use manent_types::Timestamp;
use tokio_util::task::TaskTracker;

use board::Board;

pub(super) use abort::abort;
pub(crate) use catalog::Catalog;
pub(super) use finish::{told_conversation, told_endpoint};
pub(super) use given::Named;
pub(super) use plan::all_messages;
pub(super) use refusal::ChatRefusal;
pub(crate) use refusal::LimitFigures;
pub(super) use start::{start, start_plain};
pub(super) use status::{active, status};
pub(super) use steer::{no_resume, no_steer};
pub(super) use stream::stream;
pub(super) use titles::{is_beginning, title};

/// What generations of this surface share. Clones share one.
#[derive(Clone)]
pub(crate) struct Chats {
    catalog: Catalog,
    board: Arc<Board>,
    limits: LimitFigures,
    clock: Arc<dyn Clock>,
    /// What goes on after a request.
    tasks: TaskTracker,
}

impl Chats {
    /// Nothing is remembered yet.
    pub(crate) fn new(
        catalog: Catalog,
        limits: LimitFigures,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            catalog,
            board: Arc::default(),
            limits,
            clock,
            tasks,
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
