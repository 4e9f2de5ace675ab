//! The port of conversations.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, Patched, TitleSource,
};
use manent_domain::feed::Subject;
use manent_domain::ports::{ConversationRepository, StoreError};
use manent_types::{ConversationId, Label, Timestamp, UserId};

use crate::MemoryStore;
use crate::state::State;
use crate::unit::Unit;

#[async_trait]
impl ConversationRepository for MemoryStore {
    async fn create(
        &self,
        owner: UserId,
        new: NewConversation,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        Ok(self.write(|unit| {
            if let Some(existing) = unit.state.conversation(owner, new.id) {
                return Created::Existing(existing.clone());
            }
            let conversation = Conversation::begun(new, now);
            unit.ensure_user(owner, now);
            unit.state.conversations.push((owner, conversation.clone()));
            tell(unit, owner, &conversation, now);
            Created::New(conversation)
        }))
    }

    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.state().present_conversation(owner, id, now).cloned())
    }

    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        let order = filter.order;
        let place = |conversation: &Conversation| ConversationCursor::of(conversation, order.by);
        if after.as_ref().is_some_and(|after| !after.fits(order.by)) {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        let is_after = |conversation: &Conversation| match &after {
            None => true,
            Some(after) if order.descending => place(conversation) < *after,
            Some(after) => place(conversation) > *after,
        };
        let mut items: Vec<Conversation> = self
            .state()
            .conversations
            .iter()
            .filter(|(whose, _)| *whose == owner)
            .map(|(_, conversation)| conversation)
            .filter(|conversation| is_shown(conversation, &filter) && is_after(conversation))
            .cloned()
            .collect();
        items.sort_by_cached_key(place);
        if order.descending {
            items.reverse();
        }
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(place);
        Ok(Page { items, next })
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Patched<Conversation>, StoreError> {
        Ok(self.write(|unit| {
            let Some(conversation) = unit.state.present_conversation_mut(owner, id, now) else {
                return Patched::Missing;
            };
            match conversation.patched(&patch, now) {
                Err(bound) => Patched::Refused(bound),
                Ok(after) => {
                    conversation.clone_from(&after);
                    tell(unit, owner, &after, now);
                    Patched::Done(after)
                }
            }
        }))
    }

    async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.write(|unit| set_trashed(unit, owner, id, true, now)))
    }

    async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.write(|unit| set_trashed(unit, owner, id, false, now)))
    }

    async fn set_generated_title(
        &self,
        owner: UserId,
        id: ConversationId,
        title: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.write(|unit| {
            let Some(conversation) = unit
                .state
                .present_conversation_mut(owner, id, now)
                .filter(|conversation| conversation.title_source <= TitleSource::Cut)
            else {
                return false;
            };
            conversation.title = Some(title);
            conversation.title_source = TitleSource::Generated;
            conversation.updated_at = conversation.updated_at.max(now);
            let after = conversation.clone();
            tell(unit, owner, &after, now);
            true
        }))
    }

    async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, StoreError> {
        let state = self.state();
        let mut counts = BTreeMap::new();
        for (whose, conversation) in &state.conversations {
            let is_counted = *whose == owner
                && conversation.trashed_at.is_none()
                && !conversation.is_temporary();
            if !is_counted {
                continue;
            }
            for label in &conversation.labels {
                if label.as_str().starts_with(prefix) {
                    *counts.entry(label.clone()).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }

    async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.relabel(owner, from, now, |labels| {
            labels.insert(to.clone());
        }))
    }

    async fn remove_label(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.relabel(owner, label, now, |_| {}))
    }

    async fn remove_expired(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        Ok(self.write(|unit| {
            let expired: Vec<(UserId, ConversationId)> = unit
                .state
                .conversations
                .iter()
                .filter(|(_, conversation)| conversation.is_expired(now))
                .take(limit)
                .map(|(owner, conversation)| (*owner, conversation.id))
                .collect();
            for (owner, id) in &expired {
                remove(unit.state, *owner, *id);
            }
            expired.len()
        }))
    }
}

impl MemoryStore {
    /// Takes a label away wherever it is and does what else is to be done with the labels there; answers how many had it.
    fn relabel(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
        then: impl Fn(&mut BTreeSet<Label>),
    ) -> u64 {
        self.write(|unit| {
            let mut subjects = Vec::new();
            let mut changed = 0;
            for (whose, conversation) in &mut unit.state.conversations {
                if *whose != owner || !conversation.labels.remove(label) {
                    continue;
                }
                then(&mut conversation.labels);
                conversation.updated_at = conversation.updated_at.max(now);
                changed += 1;
                if !conversation.is_temporary() {
                    subjects.push(Subject::Conversation(conversation.id));
                }
            }
            unit.changed(owner, subjects, now);
            changed
        })
    }
}

/// Writes into the feed that a conversation changed, unless it is temporary.
fn tell(unit: &mut Unit<'_>, owner: UserId, conversation: &Conversation, now: Timestamp) {
    if !conversation.is_temporary() {
        unit.changed(owner, [Subject::Conversation(conversation.id)], now);
    }
}

/// Removes a conversation with everything that belongs to it.
fn remove(state: &mut State, owner: UserId, id: ConversationId) {
    let is_it = |whose: UserId, conversation: ConversationId| whose == owner && conversation == id;
    state
        .conversations
        .retain(|(whose, conversation)| !is_it(*whose, conversation.id));
    state
        .messages
        .retain(|stored| !is_it(stored.owner, stored.message.conversation));
    state
        .changes
        .retain(|change| !is_it(change.owner, change.facts.conversation));
    state
        .lanes
        .retain(|(whose, conversation, _), _| !is_it(*whose, *conversation));
    state
        .refusals
        .retain(|((whose, conversation, _), _), _| !is_it(*whose, *conversation));
    state.runs.retain(|stored| {
        let target = stored.run.record.map(|record| record.conversation);
        !target.is_some_and(|conversation| is_it(stored.owner, conversation))
    });
}

fn is_shown(conversation: &Conversation, filter: &ConversationFilter) -> bool {
    let is_trashed = conversation.trashed_at.is_some();
    let labels = &conversation.labels;
    let without = filter.without_label_prefix.as_deref();
    is_trashed == filter.trashed
        && !conversation.is_temporary()
        && (is_trashed || conversation.is_archived() == filter.archived)
        && filter
            .pinned
            .is_none_or(|pinned| conversation.pinned == pinned)
        && filter.labels_all.iter().all(|label| labels.contains(label))
        && without.is_none_or(|prefix| {
            !labels
                .iter()
                .any(|label| label.as_str().starts_with(prefix))
        })
}

fn set_trashed(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    trashed: bool,
    now: Timestamp,
) -> Option<Conversation> {
    let conversation = unit.state.present_conversation_mut(owner, id, now)?;
    let is_other = conversation.trashed_at.is_some() != trashed;
    if is_other {
        conversation.trashed_at = trashed.then_some(now);
        conversation.updated_at = conversation.updated_at.max(now);
    }
    let after = conversation.clone();
    if is_other {
        tell(unit, owner, &after, now);
    }
    Some(after)
}
