//! The decision about a run's message: how an answer gets into its conversation.

use manent_types::{ConversationId, Extras, MessageId, MessageStatus, Part, Role, RunId, Usage};

use super::progress::{AnswerWish, ProgressPlan};
use super::{AnswerSnapshot, AnswerStanding, RecordTarget, Run, RunStanding};
use crate::append::{self, AppendFacts, AppendPlan, NewItem, NewMessage, Outcome, Submission};
use crate::error::Refusal;
use crate::feed::Subject;
use crate::message::Fingerprint;

/// The message that has the id of a run's answer, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFacts {
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Its place.
    pub seq: u64,
    /// Who said it.
    pub role: Role,
    /// How it stands.
    pub status: MessageStatus,
    /// The run that writes or wrote it.
    pub run: Option<RunId>,
    /// The position of the run's log up to which its content goes; 0 when that is not known.
    pub position: u64,
    /// Its content was edited since.
    pub is_edited: bool,
}

/// An answer to write into a message.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerContent {
    /// What it says.
    pub content: Vec<Part>,
    /// Of it.
    pub fingerprint: Fingerprint,
    /// What is known about the cost.
    pub usage: Option<Usage>,
    /// The model that makes it.
    pub model: Option<String>,
    /// The provider that makes it.
    pub provider: Option<String>,
    /// The position of the run's log up to which it goes.
    pub position: u64,
}

/// What is to be written of an answer.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, gone after the write"
)]
pub enum AnswerWrite {
    /// Nothing.
    Nothing,
    /// A new message: written as the append of this one submission, with the run's id and the position in the row.
    Insert {
        /// What [`append::plan`] was asked.
        submission: Submission,
        /// What it decided.
        plan: AppendPlan,
        /// The position of the run's log up to which the content goes.
        position: u64,
    },
    /// The message that is there.
    Update {
        /// Where it is. Its `updated_at` is set when the run turned; else it stays as it is.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
        /// How it stands now.
        status: MessageStatus,
        /// What it says now; absent: the content, and what belongs to it, stays.
        content: Option<AnswerContent>,
    },
}

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerPlan {
    /// Where the message stands afterwards.
    pub standing: AnswerStanding,
    /// What is to be written.
    pub write: AnswerWrite,
}

/// Decides how the answer of a run goes into its message, after [`super::plan_progress`] or [`super::plan_interruption`]. `existing` is the
/// owner's message with the id of the record, in whichever conversation; `facts` are asked only when there is none. A new message is decided by
/// [`append::plan`], as any append.
///
/// # Errors
/// When the store fails to tell a fact.
pub fn plan_answer<F: AppendFacts>(
    facts: &mut F,
    progress: &ProgressPlan,
    existing: Option<AnswerFacts>,
) -> Result<AnswerPlan, F::Error> {
    let run = &progress.run;
    let Some(target) = run.record else {
        return Ok(nothing(AnswerStanding::NotWanted));
    };
    if let Some(existing) = existing {
        return Ok(update(run, target, &progress.answer, existing));
    }
    let (AnswerWish::Write(Some(answer)) | AnswerWish::InsertOnly(answer)) = &progress.answer
    else {
        return Ok(nothing(AnswerStanding::NotYet));
    };
    if answer.content.is_empty() {
        return Ok(nothing(AnswerStanding::NotYet));
    }
    insert(facts, run, target, answer)
}

impl ProgressPlan {
    /// What the process that runs it is told.
    pub const fn standing(&self, answer: &AnswerPlan) -> RunStanding {
        RunStanding {
            status: self.run.status,
            last_position: self.run.last_position,
            stop_requested: self.run.stop_requested,
            answer: answer.standing,
        }
    }

    /// What stands in the feed for it, in no particular order ([`crate::feed::in_feed_order`]). Nothing of it does when the answer goes into a
    /// temporary conversation, which a store finds out.
    pub fn subjects(&self, answer: &AnswerPlan) -> Vec<Subject> {
        let mut subjects = Vec::new();
        match &answer.write {
            AnswerWrite::Nothing => {}
            AnswerWrite::Insert {
                submission, plan, ..
            } => subjects.extend(plan.subjects(std::slice::from_ref(submission))),
            AnswerWrite::Update {
                conversation,
                message,
                ..
            } => {
                if self.is_turned {
                    subjects.push(Subject::Message(*message));
                    subjects.push(Subject::Conversation(*conversation));
                }
            }
        }
        if self.is_turned {
            subjects.push(Subject::Run(self.run.id));
        }
        subjects
    }
}

fn nothing(standing: AnswerStanding) -> AnswerPlan {
    AnswerPlan {
        standing,
        write: AnswerWrite::Nothing,
    }
}

fn update(run: &Run, target: RecordTarget, wish: &AnswerWish, existing: AnswerFacts) -> AnswerPlan {
    let standing = AnswerStanding::Stored { seq: existing.seq };
    if existing.run != Some(run.id) {
        // What another run wrote is not this one's answer; what no run wrote is what the client kept of it.
        let is_good = existing.run.is_none()
            && existing.role == Role::Assistant
            && existing.conversation == target.conversation;
        return nothing(if is_good {
            standing
        } else {
            AnswerStanding::Refused(Refusal::InvalidId)
        });
    }
    let AnswerWish::Write(answer) = wish else {
        return nothing(standing);
    };
    let is_newer = |answer: &&AnswerSnapshot| {
        !existing.is_edited && !answer.content.is_empty() && answer.position > existing.position
    };
    let content = answer
        .as_ref()
        .filter(is_newer)
        .and_then(|answer| content_of(run, answer));
    if content.is_none() && existing.status == run.status {
        return nothing(standing);
    }
    AnswerPlan {
        standing,
        write: AnswerWrite::Update {
            conversation: existing.conversation,
            message: target.message,
            status: run.status,
            content,
        },
    }
}

fn content_of(run: &Run, answer: &AnswerSnapshot) -> Option<AnswerContent> {
    // Parts can always be written as JSON; were they not, the message would keep what it has.
    let fingerprint = Fingerprint::of(Role::Assistant, &answer.content).ok()?;
    Some(AnswerContent {
        content: answer.content.clone(),
        fingerprint,
        usage: answer.usage,
        model: run.model.clone(),
        provider: run.provider.clone(),
        position: answer.position,
    })
}

fn insert<F: AppendFacts>(
    facts: &mut F,
    run: &Run,
    target: RecordTarget,
    answer: &AnswerSnapshot,
) -> Result<AnswerPlan, F::Error> {
    let Some(content) = content_of(run, answer) else {
        return Ok(nothing(AnswerStanding::Refused(Refusal::InvalidValue)));
    };
    let submission = Submission {
        conversation: target.conversation,
        lane: None,
        id: Some(target.message),
        body: Ok(NewItem::Message(NewMessage {
            id: target.message,
            parent: target.parent,
            role: Role::Assistant,
            content: content.content,
            fingerprint: content.fingerprint,
            status: run.status,
            model: content.model,
            provider: content.provider,
            usage: content.usage,
            created_at: Some(run.started_at),
            extras: Extras::new(),
        })),
    };
    let plan = append::plan(facts, std::slice::from_ref(&submission))?;
    let outcome = plan.outcomes.first().map(|item| item.outcome);
    let standing = match outcome {
        Some(Outcome::Stored { seq }) => {
            return Ok(AnswerPlan {
                standing: AnswerStanding::Stored { seq },
                write: AnswerWrite::Insert {
                    submission,
                    plan,
                    position: content.position,
                },
            });
        }
        // A parent that was refused may still be sent again, as a plain message.
        Some(Outcome::Blocked | Outcome::Rejected(Refusal::ParentUnknown)) => {
            AnswerStanding::ParentMissing
        }
        Some(Outcome::Rejected(refusal)) => AnswerStanding::Refused(refusal),
        Some(Outcome::Duplicate { seq }) => AnswerStanding::Stored { seq },
        Some(Outcome::Conflict(_) | Outcome::Gap { .. }) | None => {
            AnswerStanding::Refused(Refusal::InvalidId)
        }
    };
    Ok(nothing(standing))
}
