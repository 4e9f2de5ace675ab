//! The life of conversations.

use std::sync::Arc;

use manent_types::{ConversationId, ModelSettings, UserId};

use super::completion::validate_settings;
use crate::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page,
};
use crate::error::DomainError;
use crate::limits::Limits;
use crate::ports::{Clock, ConversationRepository, IdSource};

/// Creates, lists, changes, trashes and restores conversations.
#[derive(Clone)]
pub struct ConversationService {
    repository: Arc<dyn ConversationRepository>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: Limits,
}

impl ConversationService {
    /// A service over these ports.
    pub fn new(
        repository: Arc<dyn ConversationRepository>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        limits: Limits,
    ) -> Self {
        Self {
            repository,
            clock,
            ids,
            limits,
        }
    }

    /// Creates a conversation; idempotent on an id that the client minted.
    ///
    /// # Errors
    /// An invalid title or settings, or a failing store.
    pub async fn create(
        &self,
        owner: UserId,
        id: Option<ConversationId>,
        title: Option<String>,
        config: ModelSettings,
    ) -> Result<Created, DomainError> {
        let new = self.check(id, title, config)?;
        Ok(self.repository.create(owner, new, self.clock.now()).await?)
    }

    /// A conversation as [`Self::create`] would take it, for whoever stores it another way. Absent: an id is minted.
    ///
    /// # Errors
    /// An invalid title or settings.
    pub fn check(
        &self,
        id: Option<ConversationId>,
        title: Option<String>,
        config: ModelSettings,
    ) -> Result<NewConversation, DomainError> {
        let title = title.map(|title| self.checked_title(&title)).transpose()?;
        validate_settings(&config, &self.limits)?;
        let id = id.unwrap_or_else(|| ConversationId::new(self.ids.next()));
        Ok(NewConversation { id, title, config })
    }

    /// One conversation.
    ///
    /// # Errors
    /// When the owner has none with this id, or the store fails.
    pub async fn get(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Conversation, DomainError> {
        found(self.repository.find(owner, id).await?)
    }

    /// A page of the list, newest first. `limit` is held between 1 and 100.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        owner: UserId,
        filter: ConversationFilter,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Page<Conversation, ConversationCursor>, DomainError> {
        Ok(self
            .repository
            .list(owner, filter, after, limit.clamp(1, 100))
            .await?)
    }

    /// Changes a conversation; an empty patch changes nothing, not even `updated_at`.
    ///
    /// # Errors
    /// An invalid title or settings, no such conversation, or a failing store.
    pub async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        mut patch: ConversationPatch,
    ) -> Result<Conversation, DomainError> {
        if patch == ConversationPatch::default() {
            return self.get(owner, id).await;
        }
        patch.title = patch
            .title
            .map(|title| self.checked_title(&title))
            .transpose()?;
        if let Some(config) = &patch.config {
            validate_settings(config, &self.limits)?;
        }
        found(
            self.repository
                .update(owner, id, patch, self.clock.now())
                .await?,
        )
    }

    /// Puts a conversation into the trash.
    ///
    /// # Errors
    /// No such conversation, or a failing store.
    pub async fn trash(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Conversation, DomainError> {
        found(self.repository.trash(owner, id, self.clock.now()).await?)
    }

    /// Takes a conversation out of the trash.
    ///
    /// # Errors
    /// No such conversation, or a failing store.
    pub async fn restore(
        &self,
        owner: UserId,
        id: ConversationId,
    ) -> Result<Conversation, DomainError> {
        found(self.repository.restore(owner, id, self.clock.now()).await?)
    }

    fn checked_title(&self, title: &str) -> Result<String, DomainError> {
        let title = title.trim();
        let reason = if title.is_empty() {
            "must not be empty".to_owned()
        } else if title.chars().count() > self.limits.title_characters {
            format!("has more than {} characters", self.limits.title_characters)
        } else if title.chars().any(char::is_control) {
            "must not contain control characters or line breaks".to_owned()
        } else {
            return Ok(title.to_owned());
        };
        Err(DomainError::Invalid {
            field: "title",
            reason,
        })
    }
}

fn found(conversation: Option<Conversation>) -> Result<Conversation, DomainError> {
    conversation.ok_or(DomainError::ConversationNotFound)
}
