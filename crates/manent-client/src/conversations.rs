//! Conversations: create, list, read, rename, trash.

use manent_protocol::{ConversationList, ConversationResource, MessageList};
use manent_types::{ConversationId, MessageId};
use reqwest::Method;
use serde_json::json;

use crate::environment;
use crate::error::{ApiError, QueueError};
use crate::http::Api;
use crate::payload::{NewConversation, OutgoingChange};
use crate::persistence::PersistenceService;
use crate::sessions::Sessions;
use crate::transcript::Transcript;

/// Which conversations to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationQuery {
    /// 1 to 100; absent: 25.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Those that were put away, instead of the others.
    pub archived: bool,
    /// Those in the trash, instead of the others.
    pub trashed: bool,
    /// Only those that are pinned, or only those that are not.
    pub pinned: Option<bool>,
}

/// Which messages of a conversation to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageQuery {
    /// 1 to 200; absent: 50.
    pub limit: Option<u32>,
    /// `next` of the page before, with the same other fields.
    pub cursor: Option<String>,
    /// The newest page first, instead of the oldest.
    pub newest_first: bool,
    /// The page after this place.
    pub after: Option<u64>,
    /// The page before this place.
    pub before: Option<u64>,
}

/// The conversations of the server. Cheap to clone.
#[derive(Clone)]
pub struct ConversationService {
    api: Api,
    persistence: PersistenceService,
    sessions: Sessions,
}

impl ConversationService {
    pub(crate) fn new(api: Api, persistence: PersistenceService, sessions: Sessions) -> Self {
        Self {
            api,
            persistence,
            sessions,
        }
    }

    /// Creates a conversation now. [`crate::MessageService::send_message`] without a conversation needs no such call, and no network.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create(&self, new: &NewConversation) -> Result<ConversationResource, ApiError> {
        let id = ConversationId::new(environment::new_id());
        let body = json!({"id": id, "title": new.title, "config": new.config});
        self.api
            .call(Method::POST, "/conversation/create", Some(&body))
            .await
    }

    /// A page of conversations, the one with the newest message first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list(&self, query: &ConversationQuery) -> Result<ConversationList, ApiError> {
        let mut pairs = vec![
            ("archived", query.archived.to_string()),
            ("trashed", query.trashed.to_string()),
        ];
        pairs.extend(query.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(query.cursor.clone().map(|cursor| ("cursor", cursor)));
        pairs.extend(query.pinned.map(|pinned| ("pinned", pinned.to_string())));
        self.api.get("/conversations", &pairs).await
    }

    /// One conversation, also from the trash.
    ///
    /// # Errors
    /// [`ApiError`]; `conversation_not_found` when there is none.
    pub async fn get(&self, id: ConversationId) -> Result<ConversationResource, ApiError> {
        self.api.get(&format!("/conversation/{id}"), &[]).await
    }

    /// Gives it a title that is never overwritten.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn rename(
        &self,
        id: ConversationId,
        title: &str,
    ) -> Result<ConversationResource, ApiError> {
        let body = json!({"title": title});
        let path = format!("/conversation/{id}");
        self.api.call(Method::PATCH, &path, Some(&body)).await
    }

    /// Puts it into the trash, in order with its messages: queued durably, also without a network. The answer is the change's id.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn trash(&self, id: ConversationId) -> Result<MessageId, QueueError> {
        self.persistence
            .queue_change(&OutgoingChange::Trash, id)
            .await
    }

    /// Takes it out of the trash, as [`Self::trash`] puts it there.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn restore(&self, id: ConversationId) -> Result<MessageId, QueueError> {
        self.persistence
            .queue_change(&OutgoingChange::Restore, id)
            .await
    }

    /// A page of its messages, as the server has them.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn messages(
        &self,
        id: ConversationId,
        query: &MessageQuery,
    ) -> Result<MessageList, ApiError> {
        self.api
            .get(&format!("/conversation/{id}/messages"), &query.pairs())
            .await
    }

    /// The conversation as one reads it: its newest branch, with what this device has not sent yet. Without the server it is the copy of this
    /// device, where there is one.
    ///
    /// # Errors
    /// [`ApiError`] when neither is there.
    pub async fn transcript(&self, id: ConversationId) -> Result<Transcript, ApiError> {
        self.sessions.open(id).await
    }

    /// The conversations that this device has copies of, the one that was touched last first.
    pub async fn copies(&self) -> Vec<Transcript> {
        self.sessions.copies().await
    }
}

impl MessageQuery {
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if self.newest_first {
            pairs.push(("order", "newest".to_owned()));
        }
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(self.after.map(|seq| ("after", seq.to_string())));
        pairs.extend(self.before.map(|seq| ("before", seq.to_string())));
        pairs.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        pairs
    }
}
