//! The port of conversations.

use async_trait::async_trait;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page,
};
use manent_domain::ports::{ConversationRepository, StoreError};
use manent_types::{ConversationId, ModelSettings, Timestamp, UserId};

use super::{PostgresStore, SMALL};
use crate::conversations;
use crate::workspace::Wanted;

/// Wants one conversation of an owner.
fn want(owner: UserId, id: ConversationId, is_whole: bool) -> impl Fn(&mut Wanted) {
    move |wanted| {
        wanted.owners.insert(owner);
        wanted.want_conversation((owner, id), is_whole);
    }
}

/// About how many bytes settings take.
fn size(config: &ModelSettings) -> usize {
    config.system.as_ref().map_or(0, String::len)
}

#[async_trait]
impl ConversationRepository for PostgresStore {
    async fn create(
        &self,
        owner: UserId,
        new: NewConversation,
        now: Timestamp,
    ) -> Result<Created, StoreError> {
        self.opened
            .writes
            .run(
                owner,
                SMALL + size(&new.config),
                want(owner, new.id, true),
                move |workspace| Ok(conversations::create(workspace, owner, &new, now)),
            )
            .await
    }

    async fn find(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(conversations::find(client, owner, id)))
            .await
    }

    async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let filter = filter.clone();
                Box::pin(
                    async move { conversations::list(client, owner, &filter, after, limit).await },
                )
            })
            .await
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .writes
            .run(
                owner,
                SMALL + patch.config.as_ref().map_or(0, size),
                want(owner, id, true),
                move |workspace| Ok(conversations::update(workspace, owner, id, &patch, now)),
            )
            .await
    }

    async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .writes
            .run(owner, SMALL, want(owner, id, true), move |workspace| {
                Ok(conversations::set_trashed(workspace, owner, id, true, now))
            })
            .await
    }

    async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .writes
            .run(owner, SMALL, want(owner, id, true), move |workspace| {
                Ok(conversations::set_trashed(workspace, owner, id, false, now))
            })
            .await
    }

    async fn set_generated_title(
        &self,
        owner: UserId,
        id: ConversationId,
        title: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.opened
            .writes
            .run(owner, SMALL, want(owner, id, false), move |workspace| {
                Ok(conversations::set_generated_title(
                    workspace, owner, id, &title, now,
                ))
            })
            .await
    }
}
