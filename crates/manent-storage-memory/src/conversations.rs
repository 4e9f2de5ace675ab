//! The port of conversations.

use std::cmp::Reverse;

use async_trait::async_trait;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, TitleSource,
};
use manent_domain::feed::Subject;
use manent_domain::ports::{ConversationRepository, StoreError};
use manent_types::{ConversationId, Timestamp, UserId};

use crate::MemoryStore;
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
            let conversation = Conversation {
                id: new.id,
                title_source: match new.title {
                    Some(_) => TitleSource::User,
                    None => TitleSource::None,
                },
                title: new.title,
                config: new.config,
                archived: false,
                pinned: false,
                trashed_at: None,
                last_seq: 0,
                created_at: now,
                updated_at: now,
                last_message_at: now,
            };
            unit.state.conversations.push((owner, conversation.clone()));
            unit.changed(owner, [Subject::Conversation(new.id)], now);
            Created::New(conversation)
        }))
    }

    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.state().conversation(owner, id).cloned())
    }

    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        let place = |conversation: &Conversation| (conversation.last_message_at, conversation.id);
        let mut items: Vec<Conversation> = self
            .state()
            .conversations
            .iter()
            .filter(|(whose, _)| *whose == owner)
            .map(|(_, conversation)| conversation)
            .filter(|conversation| is_shown(conversation, &filter))
            .filter(|conversation| {
                after.is_none_or(|after| place(conversation) < (after.last_message_at, after.id))
            })
            .cloned()
            .collect();
        items.sort_by_key(|conversation| Reverse(place(conversation)));
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|last| ConversationCursor {
            last_message_at: last.last_message_at,
            id: last.id,
        });
        Ok(Page { items, next })
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.write(|unit| {
            let conversation = unit.state.conversation_mut(owner, id)?;
            if let Some(title) = patch.title {
                conversation.title = Some(title);
                conversation.title_source = TitleSource::User;
            }
            if let Some(config) = patch.config {
                conversation.config = config;
            }
            conversation.archived = patch.archived.unwrap_or(conversation.archived);
            conversation.pinned = patch.pinned.unwrap_or(conversation.pinned);
            conversation.updated_at = conversation.updated_at.max(now);
            let after = conversation.clone();
            unit.changed(owner, [Subject::Conversation(id)], now);
            Some(after)
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
                .conversation_mut(owner, id)
                .filter(|conversation| conversation.title_source <= TitleSource::Cut)
            else {
                return false;
            };
            conversation.title = Some(title);
            conversation.title_source = TitleSource::Generated;
            conversation.updated_at = conversation.updated_at.max(now);
            unit.changed(owner, [Subject::Conversation(id)], now);
            true
        }))
    }
}

fn is_shown(conversation: &Conversation, filter: &ConversationFilter) -> bool {
    let is_trashed = conversation.trashed_at.is_some();
    is_trashed == filter.trashed
        && (is_trashed || conversation.archived == filter.archived)
        && filter
            .pinned
            .is_none_or(|pinned| conversation.pinned == pinned)
}

fn set_trashed(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    trashed: bool,
    now: Timestamp,
) -> Option<Conversation> {
    let conversation = unit.state.conversation_mut(owner, id)?;
    let is_other = conversation.trashed_at.is_some() != trashed;
    if is_other {
        conversation.trashed_at = trashed.then_some(now);
        conversation.updated_at = conversation.updated_at.max(now);
    }
    let after = conversation.clone();
    if is_other {
        unit.changed(owner, [Subject::Conversation(id)], now);
    }
    Some(after)
}
