//! Writes that wait because the store cannot take them.
//!
//! Invariant: writes of one lane are applied in the order in which they were journalled. Every write may be applied twice: ids and
//! positions make the second one harmless.

use manent_types::{ConversationId, NodeId, RunId, UserId};
use uuid::Uuid;

use crate::append::Submission;
use crate::conversation::NewConversation;
use crate::run::{NewRun, RunProgress};

/// A write of the server's own that must not get lost.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalWrite {
    /// Create a conversation; one that exists is as good.
    CreateConversation(NewConversation),
    /// Append a plain item; a duplicate is as good.
    Append(Submission),
    /// Register a run; one that exists is as good.
    BeginRun(NewRun),
    /// Store a run's progress in the name of the process that ran it, which may be gone by now.
    RecordRun {
        /// The process that ran it.
        node: NodeId,
        /// The progress.
        progress: RunProgress,
    },
}

/// What must stay in order: the writes of a conversation, or those of a run that keeps no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JournalLane(Uuid);

impl JournalLane {
    /// The lane of a conversation and of the runs whose answers go there.
    pub const fn conversation(id: ConversationId) -> Self {
        Self(id.as_uuid())
    }

    /// The lane of a run that keeps no answer.
    pub const fn run(id: RunId) -> Self {
        Self(id.as_uuid())
    }

    /// The id inside.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

/// A write with its owner and lane.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEntry {
    /// Whose.
    pub owner: UserId,
    /// What it must keep its order with.
    pub lane: JournalLane,
    /// It.
    pub write: JournalWrite,
}
