//! The port of messages.

use async_trait::async_trait;
use manent_domain::append::{
    AppendPlan, ChangeFacts, ChangeKind, NewChange, NewItem, Submission, plan,
};
use manent_domain::conversation::{Bound, Page, Patched, TitleSource};
use manent_domain::feed::Subject;
use manent_domain::message::{Message, MessageRange};
use manent_domain::ports::{MessageRepository, StoreError};
use manent_types::{ConversationId, ExtrasPatch, MessageId, Timestamp, UserId};

use crate::MemoryStore;
use crate::facts::MemoryFacts;
use crate::state::{AppliedChange, State, StoredMessage};

#[async_trait]
impl MessageRepository for MemoryStore {
    async fn append(
        &self,
        owner: UserId,
        submissions: Vec<Submission>,
        now: Timestamp,
    ) -> Result<AppendPlan, StoreError> {
        Ok(self.write(|unit| {
            let mut facts = MemoryFacts {
                state: unit.state,
                owner,
                now,
            };
            let Ok(plan) = plan(&mut facts, &submissions);
            write(unit.state, owner, &submissions, &plan, now);
            if !plan.lanes.is_empty() {
                unit.ensure_user(owner, now);
            }
            unit.changed(owner, plan.subjects(&submissions), now);
            plan
        }))
    }

    async fn find_message(
        &self,
        owner: UserId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        let state = self.state();
        let message = state.message(owner, id).map(|stored| &stored.message);
        let message = message.filter(|message| {
            let conversation = message.conversation;
            state
                .present_conversation(owner, conversation, now)
                .is_some()
        });
        Ok(message.cloned())
    }

    async fn list(
        &self,
        owner: UserId,
        conversation: ConversationId,
        range: MessageRange,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<Page<Message, MessageRange>>, StoreError> {
        let state = self.state();
        if state
            .present_conversation(owner, conversation, now)
            .is_none()
        {
            return Ok(None);
        }
        let all = state.messages_of(owner, conversation);
        let fetched = limit.saturating_add(1);
        let mut items: Vec<Message> = match range {
            MessageRange::After(seq) => all
                .filter(|message| message.seq > seq)
                .take(fetched)
                .cloned()
                .collect(),
            MessageRange::Before(seq) => all
                .rev()
                .filter(|message| seq.is_none_or(|seq| message.seq < seq))
                .take(fetched)
                .cloned()
                .collect(),
        };
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more).map(|last| last.seq);
        let next = match range {
            MessageRange::After(_) => last.map(MessageRange::After),
            MessageRange::Before(_) => {
                items.reverse();
                last.map(|seq| MessageRange::Before(Some(seq)))
            }
        };
        Ok(Some(Page { items, next }))
    }

    async fn annotate(
        &self,
        owner: UserId,
        message: MessageId,
        patch: ExtrasPatch,
        now: Timestamp,
    ) -> Result<Patched<Message>, StoreError> {
        Ok(self.write(|unit| {
            let known = unit.state.message(owner, message);
            let conversation = known
                .map(|stored| stored.message.conversation)
                .filter(|id| unit.state.present_conversation(owner, *id, now).is_some());
            let (Some(conversation), Some(stored)) =
                (conversation, unit.state.message_mut(owner, message))
            else {
                return Patched::Missing;
            };
            let Ok(extras) = stored.message.extras.merge(&patch) else {
                return Patched::Refused(Bound::Extras);
            };
            stored.message.extras = extras;
            let after = stored.message.clone();
            if !unit.state.is_temporary(owner, conversation) {
                unit.changed(owner, [Subject::Message(message)], now);
            }
            Patched::Done(after)
        }))
    }
}

/// Writes a plan, all but its feed entries.
pub(crate) fn write(
    state: &mut State,
    owner: UserId,
    submissions: &[Submission],
    plan: &AppendPlan,
    now: Timestamp,
) {
    for planned in &plan.messages {
        let submission = &submissions[planned.item];
        let Some(message) = submission.message() else {
            continue;
        };
        state.messages.push(StoredMessage {
            owner,
            fingerprint: message.fingerprint,
            message: Message {
                id: message.id,
                conversation: submission.conversation,
                parent: planned.parent,
                seq: planned.seq,
                role: message.role,
                content: message.content.clone(),
                status: message.status,
                model: message.model.clone(),
                provider: message.provider.clone(),
                usage: message.usage,
                created_at: message.created_at.unwrap_or(now),
                stored_at: now,
                run: None,
                edited_at: None,
                deleted_at: None,
                extras: message.extras.clone(),
            },
            lane: submission.lane.clone(),
            run_position: 0,
        });
    }
    for touch in &plan.touches {
        let Some(conversation) = state.conversation_mut(owner, touch.id) else {
            continue;
        };
        conversation.last_seq = touch.last_seq;
        conversation.updated_at = conversation.updated_at.max(now);
        if touch.has_messages {
            conversation.last_message_at = conversation.last_message_at.max(now);
        }
        if let Some(title) = &touch.cut_title {
            conversation.title = Some(title.clone());
            conversation.title_source = TitleSource::Cut;
        }
        match touch.trash {
            Some(true) => conversation.trashed_at = conversation.trashed_at.or(Some(now)),
            Some(false) => conversation.trashed_at = None,
            None => {}
        }
    }
    for planned in &plan.changes {
        let submission = &submissions[planned.item];
        if let Ok(NewItem::Change(change)) = &submission.body {
            apply(state, owner, submission, change, planned.seq, now);
        }
    }
    for lane in &plan.lanes {
        let key = (owner, lane.conversation, lane.device.clone());
        state.lanes.insert(key, lane.device_seq);
    }
    for refusal in &plan.refusals {
        let lane = (owner, refusal.conversation, refusal.position.device.clone());
        state
            .refusals
            .insert((lane, refusal.position.device_seq), refusal.facts);
    }
}

fn apply(
    state: &mut State,
    owner: UserId,
    submission: &Submission,
    change: &NewChange,
    seq: u64,
    now: Timestamp,
) {
    let mut before = None;
    if let Some(stored) = change
        .kind
        .message()
        .and_then(|id| state.message_mut(owner, id))
    {
        let message = &mut stored.message;
        match &change.kind {
            ChangeKind::Edit { content, .. } => {
                // Parts can always be written as JSON.
                before = serde_json::to_string(&message.content).ok();
                message.content.clone_from(content);
                message.edited_at = Some(now);
            }
            ChangeKind::Delete { .. } => {
                message.deleted_at = message.deleted_at.or(Some(now));
            }
            ChangeKind::Undelete { .. } => message.deleted_at = None,
            ChangeKind::Trash | ChangeKind::Restore => {}
        }
    }
    state.changes.push(AppliedChange {
        owner,
        id: change.id,
        kind: change.kind.name().to_owned(),
        message: change.kind.message(),
        before,
        lane: submission.lane.clone(),
        applied_at: now,
        facts: ChangeFacts {
            conversation: submission.conversation,
            fingerprint: change.fingerprint,
            seq,
        },
    });
}
