//! Where entries go when they are drained.

use std::sync::Arc;

use async_trait::async_trait;
use manent_domain::append::{Outcome, Submission};
use manent_domain::journal::{JournalEntry, JournalWrite};
use manent_domain::ports::{Clock, ConversationRepository, RunRepository, StoreError};
use manent_domain::run::{AnswerStanding, Begun, RunProgress, RunStanding};
use manent_domain::services::MessageService;
use manent_types::{MessageStatus, NodeId, UserId};

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It is in the store, now or before.
    Stored,
    /// The store can never take it.
    Refused {
        /// Why: a stable code.
        code: String,
    },
    /// The answer's parent message is not stored yet; the rest of the entry is.
    ParentMissing,
    /// The store failed; nothing was written.
    Failed(StoreError),
}

/// Takes drained entries. An entry may come twice, also after it was stored.
#[async_trait]
pub trait JournalTarget: Send + Sync {
    /// Stores an entry.
    async fn apply(&self, entry: JournalEntry) -> Applied;
}

/// The store behind the server's own ports.
#[derive(Clone)]
pub struct StoreTarget {
    conversations: Arc<dyn ConversationRepository>,
    messages: MessageService,
    runs: Arc<dyn RunRepository>,
    clock: Arc<dyn Clock>,
}

impl StoreTarget {
    /// A target over these ports. Appends go through the service, so that titles are made as for any other message.
    pub fn new(
        conversations: Arc<dyn ConversationRepository>,
        messages: MessageService,
        runs: Arc<dyn RunRepository>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            conversations,
            messages,
            runs,
            clock,
        }
    }

    async fn append(&self, owner: UserId, submission: Submission) -> Result<Applied, StoreError> {
        let plan = self
            .messages
            .append_checked(owner, vec![submission])
            .await?;
        Ok(match plan.outcomes.first().map(|told| told.outcome) {
            Some(Outcome::Stored { .. } | Outcome::Duplicate { .. }) => Applied::Stored,
            Some(Outcome::Conflict(cause)) => refused(cause.code()),
            Some(Outcome::Rejected(refusal)) => refused(refusal.code()),
            Some(Outcome::Blocked) => refused("blocked"),
            Some(Outcome::Gap { .. }) => refused("gap"),
            None => {
                return Err(StoreError::Internal {
                    detail: "the store did not tell what became of an append".to_owned(),
                });
            }
        })
    }

    async fn record(&self, node: NodeId, progress: RunProgress) -> Result<Applied, StoreError> {
        let wanted = Wanted::of(&progress);
        let standings = self
            .runs
            .record(node, vec![progress], self.clock.now())
            .await?;
        Ok(match standings.into_iter().next().flatten() {
            Some(standing) => wanted.judge(&standing),
            // Its registration comes first in the lane, so it was refused.
            None => refused("run_not_found"),
        })
    }
}

#[async_trait]
impl JournalTarget for StoreTarget {
    async fn apply(&self, entry: JournalEntry) -> Applied {
        let owner = entry.owner;
        let now = self.clock.now();
        let applied = match entry.write {
            JournalWrite::CreateConversation(new) => self
                .conversations
                .create(owner, new, now)
                .await
                .map(|_| Applied::Stored),
            JournalWrite::Append(submission) => self.append(owner, submission).await,
            JournalWrite::BeginRun(new) => {
                self.runs
                    .begin(owner, new, now)
                    .await
                    .map(|begun| match begun {
                        Begun::New(_) | Begun::Existing(_) => Applied::Stored,
                        Begun::Refused(refusal) => refused(refusal.code()),
                    })
            }
            JournalWrite::RecordRun { node, progress } => self.record(node, progress).await,
        };
        applied.unwrap_or_else(Applied::Failed)
    }
}

fn refused(code: &str) -> Applied {
    Applied::Refused {
        code: code.to_owned(),
    }
}

/// What a piece of progress wants to come to.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// The position of its last event.
    last_position: u64,
    has_answer: bool,
    is_end: bool,
}

impl Wanted {
    fn of(progress: &RunProgress) -> Self {
        let events = progress.events.last().map_or(0, |last| last.position);
        let answer = progress.answer.as_ref().map_or(0, |answer| answer.position);
        Self {
            last_position: events.max(answer),
            has_answer: progress.answer.is_some(),
            is_end: progress.end.is_some(),
        }
    }

    fn judge(self, standing: &RunStanding) -> Applied {
        if standing.last_position < self.last_position {
            // What lies between is nowhere, or the run ended otherwise: it takes nothing more.
            return refused(match standing.status {
                MessageStatus::Running => "gap",
                _ => "run_ended",
            });
        }
        match standing.answer {
            AnswerStanding::Refused(refusal) if self.has_answer => refused(refusal.code()),
            // A later piece of progress brings the whole answer again; the last one has to wait.
            AnswerStanding::ParentMissing if self.has_answer && self.is_end => {
                Applied::ParentMissing
            }
            _ => Applied::Stored,
        }
    }
}
