//! What becomes of one item.

use manent_types::{ConversationId, MessageId, Role, text_of};

use super::{Newest, PlannedMessage, Planner};
use crate::append::change::{ChangeFacts, ChangeKind, NewChange, PlannedChange};
use crate::append::facts::{AppendFacts, MessageFacts};
use crate::append::submission::{
    ConflictCause, NewItem, NewMessage, Outcome, ParentRef, Submission,
};
use crate::conversation::TitleSource;
use crate::error::Refusal;
use crate::title;

impl<F: AppendFacts> Planner<'_, F> {
    pub(super) fn decide_item(
        &mut self,
        item: usize,
        submission: &Submission,
    ) -> Result<Outcome, F::Error> {
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

    pub(super) fn decide_change(
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

    pub(super) fn decide_message(
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

    pub(super) fn store(
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
}

/// Whether an existing message is what the client sends again. A parent left open fits every stored parent. An answer that a run
/// wrote is the same answer whatever the client kept of it: the server's text stands.
pub(super) fn is_same(
    existing: &MessageFacts,
    conversation: ConversationId,
    message: &NewMessage,
) -> bool {
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

/// What becomes of a change whose id was applied before.
pub(super) fn same_change(
    existing: &ChangeFacts,
    conversation: ConversationId,
    new: &NewChange,
) -> Outcome {
    if existing.conversation == conversation && existing.fingerprint == new.fingerprint {
        Outcome::Duplicate { seq: existing.seq }
    } else {
        Outcome::Conflict(ConflictCause::IdTaken)
    }
}
