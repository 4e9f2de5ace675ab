//! The decision: from facts and submissions to outcomes and writes.

use std::collections::{HashMap, HashSet};

use manent_types::{ConversationId, DeviceId, MessageId, Role, text_of};

use super::change::{ChangeFacts, ChangeKind, NewChange, PlannedChange};
use super::facts::{AppendFacts, ConversationFacts, MessageFacts, RefusalFacts, RefusedAs};
use super::submission::{
    ConflictCause, ItemOutcome, LanePosition, NewItem, NewMessage, Outcome, ParentRef, Submission,
};
use crate::conversation::TitleSource;
use crate::error::Refusal;
use crate::feed::{Subject, in_feed_order};
use crate::title;

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
    /// A title cut from the person's first message, to be set with [`TitleSource::Cut`].
    pub cut_title: Option<String>,
    /// Puts it into the trash (at the time of storing, unless it lies there already), or takes it out; absent: stays as it is.
    pub trash: Option<bool>,
    /// Whether messages were stored, so that it moves up in the lists; a change alone sets `updated_at` only.
    pub has_messages: bool,
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
    /// conversations. `submissions` are those that the plan was made from.
    pub fn subjects(&self, submissions: &[Submission]) -> Vec<Subject> {
        let stored = self.messages.iter().filter_map(|planned| {
            let message = submissions.get(planned.item)?.message()?;
            Some(Subject::Message(message.id))
        });
        let changed =
            self.changes
                .iter()
                .filter_map(|planned| match &submissions.get(planned.item)?.body {
                    Ok(NewItem::Change(change)) => change.kind.message().map(Subject::Message),
                    _ => None,
                });
        let touched = self
            .touches
            .iter()
            .map(|touch| Subject::Conversation(touch.id));
        in_feed_order(stored.chain(changed).chain(touched))
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

    fn decide_item(&mut self, item: usize, submission: &Submission) -> Result<Outcome, F::Error> {
        let Some(conversation) = self.conversation(submission.conversation)? else {
            return Ok(Outcome::Rejected(Refusal::ConversationNotFound));
        };
        let last_seq = conversation.facts.last_seq;
        match &submission.body {
            Ok(NewItem::Message(message)) => self.decide_message(item, submission, message),
            Ok(NewItem::Change(change)) => self.decide_change(item, submission, change, last_seq),
            Err(refusal) => Ok(Outcome::Rejected(*refusal)),
        }
    }

    fn decide_change(
        &mut self,
        item: usize,
        submission: &Submission,
        change: &NewChange,
        last_seq: u64,
    ) -> Result<Outcome, F::Error> {
        let conversation = submission.conversation;
        if let Some(existing) = self.change(change.id)? {
            return Ok(same_change(&existing, conversation, change));
        }
        let seq = match change.kind.message() {
            None => last_seq,
            Some(target) if self.refused.contains(&target) => return Ok(Outcome::Blocked),
            Some(target) => match self.message(target)? {
                Some(facts) if facts.conversation == conversation => {
                    if facts.is_running {
                        return Ok(Outcome::Rejected(Refusal::TargetRunning));
                    }
                    facts.seq
                }
                None if self.facts.was_refused(target)? => return Ok(Outcome::Blocked),
                _ => return Ok(Outcome::Rejected(Refusal::TargetUnknown)),
            },
        };
        let trashed = match change.kind {
            ChangeKind::Trash => Some(true),
            ChangeKind::Restore => Some(false),
            ChangeKind::Edit { .. } | ChangeKind::Delete { .. } | ChangeKind::Undelete { .. } => {
                None
            }
        };
        if let Some(Some(state)) = self.conversations.get_mut(&conversation) {
            state.touched = true;
            if let Some(trashed) = trashed {
                state.facts.trashed = trashed;
                state.trash = Some(trashed);
            }
        }
        self.applied.insert(
            change.id,
            ChangeFacts {
                conversation,
                fingerprint: change.fingerprint,
                seq,
            },
        );
        self.refused.remove(&change.id);
        self.changes.push(PlannedChange { item, seq });
        Ok(Outcome::Stored { seq })
    }

    fn decide_message(
        &mut self,
        item: usize,
        submission: &Submission,
        message: &NewMessage,
    ) -> Result<Outcome, F::Error> {
        if let Some(existing) = self.message(message.id)? {
            return Ok(if is_same(&existing, submission.conversation, message) {
                Outcome::Duplicate { seq: existing.seq }
            } else {
                Outcome::Conflict(ConflictCause::IdTaken)
            });
        }
        let parent = match message.parent {
            ParentRef::Root => None,
            ParentRef::Newest => self.newest(submission.conversation)?,
            ParentRef::Message(parent) => {
                if self.refused.contains(&parent) {
                    return Ok(Outcome::Blocked);
                }
                match self.message(parent)? {
                    Some(facts) if facts.conversation == submission.conversation => Some(parent),
                    Some(_) => return Ok(Outcome::Rejected(Refusal::ParentElsewhere)),
                    None if parent != message.id && self.facts.was_refused(parent)? => {
                        return Ok(Outcome::Blocked);
                    }
                    None => return Ok(Outcome::Rejected(Refusal::ParentUnknown)),
                }
            }
        };
        Ok(self.store(item, submission.conversation, message, parent))
    }

    fn store(
        &mut self,
        item: usize,
        id: ConversationId,
        message: &NewMessage,
        parent: Option<MessageId>,
    ) -> Outcome {
        let Some(Some(conversation)) = self.conversations.get_mut(&id) else {
            return Outcome::Rejected(Refusal::ConversationNotFound);
        };
        conversation.facts.last_seq += 1;
        let seq = conversation.facts.last_seq;
        conversation.touched = true;
        conversation.has_messages = true;
        conversation.newest = Newest::Known(Some(message.id));
        if message.role == Role::User {
            if conversation.facts.trashed {
                conversation.facts.trashed = false;
                conversation.trash = Some(false);
            }
            if conversation.facts.title_source == TitleSource::None
                && let Some(cut) = title::cut(&text_of(&message.content))
            {
                conversation.facts.title_source = TitleSource::Cut;
                conversation.cut_title = Some(cut);
            }
        }
        self.stored.insert(
            message.id,
            MessageFacts {
                conversation: id,
                parent,
                seq,
                fingerprint: message.fingerprint,
                by_run: false,
                is_running: false,
            },
        );
        // The same id may have been refused earlier in the batch; what is stored now can be followed.
        self.refused.remove(&message.id);
        self.messages.push(PlannedMessage { item, seq, parent });
        Outcome::Stored { seq }
    }

    fn lane(
        &mut self,
        position: &LanePosition,
        conversation: ConversationId,
    ) -> Result<usize, F::Error> {
        let known = self
            .lanes
            .iter()
            .position(|lane| lane.conversation == conversation && lane.device == position.device);
        if let Some(index) = known {
            return Ok(index);
        }
        let applied = self.facts.lane(&position.device, conversation)?;
        self.lanes.push(LaneState {
            device: position.device.clone(),
            conversation,
            applied,
            moved: false,
            has_gap: false,
        });
        Ok(self.lanes.len() - 1)
    }

    fn refusal_at(
        &mut self,
        conversation: ConversationId,
        position: &LanePosition,
    ) -> Result<Option<RefusalFacts>, F::Error> {
        let fresh = self
            .refusals
            .iter()
            .find(|refusal| refusal.conversation == conversation && refusal.position == *position);
        match fresh {
            Some(refusal) => Ok(Some(refusal.facts)),
            None => self
                .facts
                .refusal_at(&position.device, conversation, position.device_seq),
        }
    }

    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<&mut ConversationState>, F::Error> {
        if !self.conversations.contains_key(&id) {
            let state = self.facts.conversation(id)?.map(|facts| ConversationState {
                facts,
                newest: Newest::NotAsked,
                cut_title: None,
                trash: None,
                has_messages: false,
                touched: false,
            });
            self.conversations.insert(id, state);
            self.conversation_order.push(id);
        }
        Ok(self.conversations.get_mut(&id).and_then(Option::as_mut))
    }

    fn newest(&mut self, id: ConversationId) -> Result<Option<MessageId>, F::Error> {
        if let Some(Some(state)) = self.conversations.get(&id)
            && let Newest::Known(newest) = state.newest
        {
            return Ok(newest);
        }
        let newest = self.facts.newest_message(id)?;
        if let Some(Some(state)) = self.conversations.get_mut(&id) {
            state.newest = Newest::Known(newest);
        }
        Ok(newest)
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, F::Error> {
        match self.stored.get(&id) {
            Some(facts) => Ok(Some(*facts)),
            None => self.facts.message(id),
        }
    }

    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, F::Error> {
        match self.applied.get(&id) {
            Some(facts) => Ok(Some(*facts)),
            None => self.facts.change(id),
        }
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

/// What becomes of a change whose id was applied before.
fn same_change(existing: &ChangeFacts, conversation: ConversationId, new: &NewChange) -> Outcome {
    if existing.conversation == conversation && existing.fingerprint == new.fingerprint {
        Outcome::Duplicate { seq: existing.seq }
    } else {
        Outcome::Conflict(ConflictCause::IdTaken)
    }
}

/// Whether an existing message is what the client sends again. A parent left open fits every stored parent. An answer that a run
/// wrote is the same answer whatever the client kept of it: the server's text stands.
fn is_same(existing: &MessageFacts, conversation: ConversationId, message: &NewMessage) -> bool {
    let same_parent = match message.parent {
        ParentRef::Newest => true,
        ParentRef::Root => existing.parent.is_none(),
        ParentRef::Message(parent) => existing.parent == Some(parent),
    };
    existing.conversation == conversation
        && (existing.fingerprint == message.fingerprint
            || existing.by_run && message.role == Role::Assistant)
        && same_parent
}

fn refused_as(outcome: Outcome) -> Option<RefusedAs> {
    match outcome {
        Outcome::Rejected(refusal) => Some(RefusedAs::Rejected(refusal)),
        Outcome::Conflict(cause) => Some(RefusedAs::Conflict(cause)),
        Outcome::Blocked => Some(RefusedAs::Blocked),
        Outcome::Stored { .. } | Outcome::Duplicate { .. } | Outcome::Gap { .. } => None,
    }
}
