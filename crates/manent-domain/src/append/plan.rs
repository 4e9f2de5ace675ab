//! The decision: from facts and submissions to outcomes and writes.

mod items;
mod overlay;

use std::collections::{HashMap, HashSet};

use manent_types::{ConversationId, DeviceId, MessageId};

use items::{is_same, same_change};

use super::change::{ChangeFacts, PlannedChange};
use super::facts::{AppendFacts, ConversationFacts, MessageFacts, RefusalFacts, RefusedAs};
use super::submission::{ConflictCause, ItemOutcome, LanePosition, NewItem, Outcome, Submission};
use crate::feed::{Subject, in_feed_order};

/// A message to insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedMessage {
    /// The submission's index in the batch.
    pub item: usize,
    /// The message's place.
    pub seq: u64,
    /// The message that it follows.
    pub parent: Option<MessageId>,
}

/// A lane to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneAdvance {
    /// The device.
    pub device: DeviceId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The last number applied, after the append.
    pub device_seq: u64,
}

/// A refusal to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefusal {
    /// Where it happened.
    pub conversation: ConversationId,
    /// At which place of which lane.
    pub position: LanePosition,
    /// What.
    pub facts: RefusalFacts,
}

/// A conversation to update, once for the whole batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationTouch {
    /// Which.
    pub id: ConversationId,
    /// The `seq` of its newest message, after the append.
    pub last_seq: u64,
    /// A title cut from the person's first message, to be set with [`crate::conversation::TitleSource::Cut`].
    pub cut_title: Option<String>,
    /// Puts it into the trash (at the time of storing, unless it lies there already), or takes it out; absent: stays as it is.
    pub trash: Option<bool>,
    /// Whether messages were stored, so that it moves up in the lists; a change alone sets `updated_at` only.
    pub has_messages: bool,
    /// Whether it is temporary: nothing of it stands in the feed.
    pub is_temporary: bool,
}

/// What an append comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppendPlan {
    /// One for each submission, in order.
    pub outcomes: Vec<ItemOutcome>,
    /// To insert, in order.
    pub messages: Vec<PlannedMessage>,
    /// To apply after the messages, in order.
    pub changes: Vec<PlannedChange>,
    /// To move.
    pub lanes: Vec<LaneAdvance>,
    /// To remember.
    pub refusals: Vec<NewRefusal>,
    /// To update.
    pub touches: Vec<ConversationTouch>,
}

impl AppendPlan {
    /// What stands in the feed for it, as [`crate::feed::in_feed_order`] orders it: the stored and changed messages, then the touched
    /// conversations. Nothing of temporary ones. `submissions` are those that the plan was made from.
    pub fn subjects(&self, submissions: &[Submission]) -> Vec<Subject> {
        let told = |item: usize| {
            let submission = submissions.get(item)?;
            (!self.is_temporary(submission.conversation)).then_some(submission)
        };
        let stored = self.messages.iter().filter_map(|planned| {
            let message = told(planned.item)?.message()?;
            Some(Subject::Message(message.id))
        });
        let changed = self
            .changes
            .iter()
            .filter_map(|planned| match &told(planned.item)?.body {
                Ok(NewItem::Change(change)) => change.kind.message().map(Subject::Message),
                _ => None,
            });
        let touched = self.touches.iter().filter(|touch| !touch.is_temporary);
        let touched = touched.map(|touch| Subject::Conversation(touch.id));
        in_feed_order(stored.chain(changed).chain(touched))
    }

    /// Whether a conversation that the plan touches is temporary.
    pub fn is_temporary(&self, conversation: ConversationId) -> bool {
        let mut temporary = self.touches.iter().filter(|touch| touch.is_temporary);
        temporary.any(|touch| touch.id == conversation)
    }
}

/// Decides an append. Reads facts, changes nothing.
///
/// # Errors
/// When the store fails to tell a fact.
pub fn plan<F: AppendFacts>(
    facts: &mut F,
    submissions: &[Submission],
) -> Result<AppendPlan, F::Error> {
    let mut planner = Planner::new(facts);
    for (item, submission) in submissions.iter().enumerate() {
        let outcome = planner.decide(item, submission)?;
        planner.outcomes.push(ItemOutcome {
            id: submission.id,
            outcome,
        });
    }
    Ok(planner.finish())
}

struct LaneState {
    device: DeviceId,
    conversation: ConversationId,
    applied: u64,
    moved: bool,
    has_gap: bool,
}

/// The newest message of a conversation, asked for only when an item needs it.
#[derive(Clone, Copy)]
enum Newest {
    NotAsked,
    Known(Option<MessageId>),
}

struct ConversationState {
    facts: ConversationFacts,
    newest: Newest,
    cut_title: Option<String>,
    trash: Option<bool>,
    has_messages: bool,
    touched: bool,
}

/// Facts, overlaid with what earlier items of the same batch decided.
struct Planner<'facts, F> {
    facts: &'facts mut F,
    outcomes: Vec<ItemOutcome>,
    messages: Vec<PlannedMessage>,
    changes: Vec<PlannedChange>,
    applied: HashMap<MessageId, ChangeFacts>,
    refusals: Vec<NewRefusal>,
    lanes: Vec<LaneState>,
    conversations: HashMap<ConversationId, Option<ConversationState>>,
    conversation_order: Vec<ConversationId>,
    stored: HashMap<MessageId, MessageFacts>,
    refused: HashSet<MessageId>,
}

impl<'facts, F: AppendFacts> Planner<'facts, F> {
    fn new(facts: &'facts mut F) -> Self {
        Self {
            facts,
            outcomes: Vec::new(),
            messages: Vec::new(),
            changes: Vec::new(),
            applied: HashMap::new(),
            refusals: Vec::new(),
            lanes: Vec::new(),
            conversations: HashMap::new(),
            conversation_order: Vec::new(),
            stored: HashMap::new(),
            refused: HashSet::new(),
        }
    }

    fn decide(&mut self, item: usize, submission: &Submission) -> Result<Outcome, F::Error> {
        let Some(position) = &submission.lane else {
            let outcome = self.decide_item(item, submission)?;
            self.note_refused(submission, outcome);
            return Ok(outcome);
        };
        let lane = self.lane(position, submission.conversation)?;
        let applied = self.lanes[lane].applied;
        if position.device_seq <= applied {
            let outcome = self.replay(submission, position)?;
            self.note_refused(submission, outcome);
            return Ok(outcome);
        }
        if self.lanes[lane].has_gap || position.device_seq != applied + 1 {
            self.lanes[lane].has_gap = true;
            return Ok(Outcome::Gap {
                expected: applied + 1,
            });
        }
        let outcome = self.decide_item(item, submission)?;
        self.lanes[lane].applied = position.device_seq;
        self.lanes[lane].moved = true;
        self.note_refused(submission, outcome);
        if let Some(refused_as) = refused_as(outcome) {
            self.refusals.push(NewRefusal {
                conversation: submission.conversation,
                position: position.clone(),
                facts: RefusalFacts {
                    id: submission.id,
                    refused_as,
                },
            });
        }
        Ok(outcome)
    }

    fn note_refused(&mut self, submission: &Submission, outcome: Outcome) {
        if let (Some(id), Some(_)) = (submission.id, refused_as(outcome)) {
            self.refused.insert(id);
        }
    }

    /// A number that was applied before: the same answer as then.
    fn replay(
        &mut self,
        submission: &Submission,
        position: &LanePosition,
    ) -> Result<Outcome, F::Error> {
        if let Some(refusal) = self.refusal_at(submission.conversation, position)? {
            if refusal.id != submission.id {
                return Ok(Outcome::Conflict(ConflictCause::DeviceSeqTaken));
            }
            return Ok(match refusal.refused_as {
                RefusedAs::Rejected(refusal) => Outcome::Rejected(refusal),
                RefusedAs::Conflict(cause) => Outcome::Conflict(cause),
                RefusedAs::Blocked => Outcome::Blocked,
            });
        }
        let Some(id) = submission.id else {
            return Ok(Outcome::Conflict(ConflictCause::DeviceSeqTaken));
        };
        // Changes and messages are looked up apart: one may have the id of the other.
        let message = self.message(id)?;
        let change = self.change(id)?;
        Ok(match (&submission.body, message, change) {
            (_, None, None) => Outcome::Conflict(ConflictCause::DeviceSeqTaken),
            (Ok(NewItem::Message(new)), Some(existing), _)
                if is_same(&existing, submission.conversation, new) =>
            {
                Outcome::Duplicate { seq: existing.seq }
            }
            (Ok(NewItem::Change(new)), _, Some(existing)) => {
                same_change(&existing, submission.conversation, new)
            }
            _ => Outcome::Conflict(ConflictCause::IdTaken),
        })
    }

    fn finish(mut self) -> AppendPlan {
        let mut touches = Vec::new();
        for id in self.conversation_order {
            if let Some(Some(state)) = self.conversations.remove(&id)
                && state.touched
            {
                touches.push(ConversationTouch {
                    id,
                    last_seq: state.facts.last_seq,
                    cut_title: state.cut_title,
                    trash: state.trash,
                    has_messages: state.has_messages,
                    is_temporary: state.facts.is_temporary,
                });
            }
        }
        let lanes = self.lanes.into_iter().filter(|lane| lane.moved);
        AppendPlan {
            outcomes: self.outcomes,
            messages: self.messages,
            changes: self.changes,
            lanes: lanes
                .map(|lane| LaneAdvance {
                    device: lane.device,
                    conversation: lane.conversation,
                    device_seq: lane.applied,
                })
                .collect(),
            refusals: self.refusals,
            touches,
        }
    }
}

fn refused_as(outcome: Outcome) -> Option<RefusedAs> {
    match outcome {
        Outcome::Rejected(refusal) => Some(RefusedAs::Rejected(refusal)),
        Outcome::Conflict(cause) => Some(RefusedAs::Conflict(cause)),
        Outcome::Blocked => Some(RefusedAs::Blocked),
        Outcome::Stored { .. } | Outcome::Duplicate { .. } | Outcome::Gap { .. } => None,
    }
}
