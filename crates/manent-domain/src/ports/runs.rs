//! Stores of runs and of the feed.

use async_trait::async_trait;
use manent_types::{ConversationId, NodeId, RunId, Timestamp, UserId};

use super::store_error::StoreError;
use crate::feed::FeedPage;
use crate::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};

/// Runs and their logs.
#[async_trait]
pub trait RunRepository: Send + Sync {
    /// Registers a run, or finds the owner's existing one with that id. Nothing is registered when the conversation of its record is not the
    /// owner's.
    async fn begin(&self, owner: UserId, new: NewRun, now: Timestamp) -> Result<Begun, StoreError>;

    /// One run.
    async fn find_run(&self, owner: UserId, id: RunId) -> Result<Option<Run>, StoreError>;

    /// The run that began last of those that keep their answer in this conversation; where several began in the same moment, the one with
    /// the highest id.
    async fn newest_run_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, StoreError>;

    /// At most `limit` runs that are stored as running, those that began last first.
    async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, StoreError>;

    /// Stores the progress of runs of the node and takes it as a sign of life; one answer for each, in order, `None` where the node has no such
    /// run registered. All of it or nothing.
    ///
    /// What becomes of each is decided by [`crate::run::plan_progress`] and, for its message, by [`crate::run::plan_answer`], one after the
    /// other in order, each with the facts as the one before left them:
    ///
    /// - Events whose position is stored already are passed over. When the first that is left does not follow the last stored one,
    ///   nothing of that run's progress is stored, and the standing's `last_position` tells from where to send again. So too when the answer
    ///   goes further than the log.
    /// - The answer goes into the message of the record: inserted (as an append does: `seq`, the conversation's place in the lists) when
    ///   there is none with that id, changed while the run wrote it and it is older (by `position`). A message with that id that the
    ///   run did not write stays as it is: it counts as stored when it is an assistant's in that conversation that no run wrote (what the
    ///   client kept of this answer), else it is refused as [`crate::error::Refusal::InvalidId`]. The message's fingerprint, content, usage, model and provider are the answer's, its
    ///   status is the run's.
    /// - The first `Started` event sets the run's provider and model.
    /// - An end ends the run. A run that somebody found dead ([`Self::interrupt_dead`]) takes its own node's progress all the same: it
    ///   lives, the finding was wrong, and the finding's end is taken out of the log. A run that ended otherwise takes nothing more, but its
    ///   whole answer for a message that is not there yet: its parent came late.
    async fn record(
        &self,
        node: NodeId,
        progress: Vec<RunProgress>,
        now: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError>;

    /// The log from just after a position, at most about `max_bytes` of it, at least one batch if there is one. `None` when the owner
    /// has no such run.
    async fn read_log(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
        max_bytes: usize,
    ) -> Result<Option<RunLogPage>, StoreError>;

    /// Asks a run to stop. One that ended stays as it is. `None` when the owner has no such run.
    async fn request_stop(
        &self,
        owner: UserId,
        id: RunId,
        now: Timestamp,
    ) -> Result<Option<Run>, StoreError>;

    /// Finds the runs of other nodes that run and were not heard of since `heard_before`, at most `limit`, those registered
    /// first first, and ends each by compare-and-set as
    /// [`crate::run::RunEnd::interrupted`], [`crate::run::INTERRUPTION_GAP`] behind its last event. Its message gets the content of the whole
    /// stored log ([`crate::run::AnswerBuilder`]), inserted if need be and possible. Answers whose they were. Decided by
    /// [`crate::run::plan_interruption`] and [`crate::run::plan_answer`].
    async fn interrupt_dead(
        &self,
        node: NodeId,
        heard_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError>;

    /// Clears the logs of at most `limit` runs that ended before `ended_before`; answers how many. The runs themselves stay.
    async fn clear_logs(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

/// The feed.
#[async_trait]
pub trait FeedRepository: Send + Sync {
    /// At most `limit` changes after the given number, each with its subject as it is now, and the newest number of all.
    async fn read_feed(
        &self,
        owner: UserId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError>;
}

/// What somebody may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The owner's feed went on.
    Feed(UserId),
    /// The run's log went on, it ended, or somebody asked it to stop.
    Run(UserId, RunId),
    /// Signals may have been missed: look at everything.
    All,
}

/// Is told by a store, after the commit, what went on: by this process and, where several share a store, by the others. Must return at
/// once and never fail. A signal wakes; the tables tell. It may come twice or without need.
pub trait SignalListener: Send + Sync {
    /// Something went on.
    fn signal(&self, signal: Signal);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct IgnoreSignals;

impl SignalListener for IgnoreSignals {
    fn signal(&self, _: Signal) {}
}
