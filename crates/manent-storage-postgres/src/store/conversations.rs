//! The port of conversations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, Patched,
};
use manent_domain::ports::{ConversationRepository, StoreError};
use manent_types::{ConversationId, Label, ModelSettings, Timestamp, UserId};

use super::{PostgresStore, SMALL};
use crate::workspace::Wanted;
use crate::{conversations, expiry};

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
        now: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(conversations::find(client, owner, id, now)))
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
                let (filter, after) = (filter.clone(), after.clone());
                Box::pin(async move {
                    conversations::list(client, owner, &filter, after.as_ref(), limit).await
                })
            })
            .await
    }

    async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        patch: ConversationPatch,
        now: Timestamp,
    ) -> Result<Patched<Conversation>, StoreError> {
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

    async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let prefix = prefix.replace('\0', "");
                Box::pin(async move { conversations::label_counts(client, owner, &prefix).await })
            })
            .await
    }

    async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.relabel(owner, from.clone(), Some(to.clone()), now)
            .await
    }

    async fn remove_label(
        &self,
        owner: UserId,
        label: &Label,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.relabel(owner, label.clone(), None, now).await
    }

    async fn remove_expired(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.unit(move |client| Box::pin(expiry::remove_expired(client, now, limit)))
            .await
    }
}

impl PostgresStore {
    async fn relabel(
        &self,
        owner: UserId,
        label: Label,
        other: Option<Label>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let key = (owner, label.clone());
        let want = move |wanted: &mut Wanted| {
            wanted.owners.insert(owner);
            wanted.labelled.insert(key.clone());
        };
        self.opened
            .writes
            .run(owner, SMALL, want, move |workspace| {
                let other = other.as_ref();
                Ok(conversations::relabel(workspace, owner, &label, other, now))
            })
            .await
    }
}
