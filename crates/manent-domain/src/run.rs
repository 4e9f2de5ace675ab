//! Runs: generations that outlive their readers.
//!
//! A run's events go to its log, each with a position 1, 2, 3 …, before any reader gets them. The log is stored in batches; the answer
//! so far is written into the run's message from time to time.
//!
//! Invariants:
//! - positions of a run only grow, and each event has exactly one;
//! - the log ends with exactly one [`RunEvent::Ended`], and nothing follows it;
//! - a run that ended never runs again.

mod answer;
mod event;
mod progress;
mod recording;
#[cfg(test)]
mod tests;

use manent_types::{
    ConversationId, MessageId, MessageStatus, NodeId, Part, RunId, Timestamp, Usage, UserId,
};

use crate::append::ParentRef;
use crate::error::Refusal;

pub use answer::AnswerBuilder;
pub use event::{
    EventsError, LoggedEvent, RunEnd, RunEvent, RunFailure, decode_events, encode_events,
};
pub use progress::{AnswerWish, ProgressPlan, plan_interruption, plan_progress};
pub use recording::{AnswerContent, AnswerFacts, AnswerPlan, AnswerWrite, plan_answer};

/// How far the position of the end lies behind the last stored event when a run is found dead: what its readers saw beyond the stored log has
/// positions in between, so that their cursors still lie before the end.
pub const INTERRUPTION_GAP: u64 = 1 << 32;

/// Where a run's answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTarget {
    /// The conversation.
    pub conversation: ConversationId,
    /// The id of the answer's message.
    pub message: MessageId,
    /// The message that it answers.
    pub parent: ParentRef,
}

/// What registers a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRun {
    /// Minted by the client or the service.
    pub id: RunId,
    /// The process that runs it.
    pub node: NodeId,
    /// Where its answer goes, if the server keeps it.
    pub record: Option<RecordTarget>,
    /// When it began.
    pub started_at: Timestamp,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Unique for the owner.
    pub id: RunId,
    /// The process that runs or ran it.
    pub node: NodeId,
    /// Where its answer goes, if the server keeps it.
    pub record: Option<RecordTarget>,
    /// How it stands.
    pub status: MessageStatus,
    /// The provider that answers; absent until it is known.
    pub provider: Option<String>,
    /// The model that answers; absent until it is known.
    pub model: Option<String>,
    /// The position of the last stored event; 0 while there is none.
    pub last_position: u64,
    /// Somebody asked it to stop.
    pub stop_requested: bool,
    /// How it ended; absent while it runs.
    pub end: Option<RunEnd>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its process was heard of last.
    pub heartbeat_at: Timestamp,
    /// When it ended; absent while it runs.
    pub ended_at: Option<Timestamp>,
    /// Its log was cleared; only this row and the message are left.
    pub log_cleared: bool,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It is new and running.
    New(Run),
    /// The owner had a run with this id already; nothing changed.
    Existing(Run),
    /// It can never be registered: [`Refusal::ConversationNotFound`] when the owner has no such conversation.
    Refused(Refusal),
}

/// A piece of a run to store as one unit: events, the answer so far, the end. Without any of them it is a heartbeat.
#[derive(Debug, Clone, PartialEq)]
pub struct RunProgress {
    /// Whose.
    pub owner: UserId,
    /// Which.
    pub run: RunId,
    /// The events that follow those stored, in order. Those whose position is stored already are passed over.
    pub events: Vec<LoggedEvent>,
    /// The answer as it stands after the last of these events.
    pub answer: Option<AnswerSnapshot>,
    /// How it ended, when it did; the last of the events says the same.
    pub end: Option<RunEnd>,
}

/// An answer as it stands at a position of its run's log.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerSnapshot {
    /// What the message says. Empty content is not written.
    pub content: Vec<Part>,
    /// What is known about the cost.
    pub usage: Option<Usage>,
    /// The position up to which the log is in it.
    pub position: u64,
}

/// Where a run's message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStanding {
    /// The run keeps no answer.
    NotWanted,
    /// Nothing was written yet.
    NotYet,
    /// It is written, at this place of its conversation.
    Stored {
        /// The message's `seq`.
        seq: u64,
    },
    /// It waits for its parent, which is not stored yet.
    ParentMissing,
    /// It can never be written.
    Refused(Refusal),
}

/// How a run stands after its progress was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStanding {
    /// How it stands. Another one than the process thinks: somebody found it dead meanwhile.
    pub status: MessageStatus,
    /// The position of the last stored event.
    pub last_position: u64,
    /// Somebody asked it to stop.
    pub stop_requested: bool,
    /// Where its message stands.
    pub answer: AnswerStanding,
}

/// A page of a run's log.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLogPage {
    /// The run, as it stood in the same moment.
    pub run: Run,
    /// In the order of their positions; may hold a few before the asked one, never fewer than asked for. Empty at the end of the log.
    pub events: Vec<LoggedEvent>,
}
