//! The life of conversations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use manent_types::{
    ConversationId, Extras, InvalidExtras, Label, ModelSettings, Timestamp, UserId,
};

use super::completion::validate_settings;
use crate::conversation::{
    Bound, Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    MAX_LABELS, NewConversation, Page, Patched,
};
use crate::error::DomainError;
use crate::limits::Limits;
use crate::ports::{Clock, ConversationRepository, IdSource};

/// A conversation to be created, as a surface asks for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationDraft {
    /// Minted by the client; absent: the service mints one.
    pub id: Option<ConversationId>,
    /// A title set by the person.
    pub title: Option<String>,
    /// Model settings.
    pub config: ModelSettings,
    /// When it goes for good, in the future; absent: it stays.
    pub expires_at: Option<Timestamp>,
    /// By which it is found again.
    pub labels: BTreeSet<Label>,
    /// What a surface keeps with it.
    pub extras: Extras,
}

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
    /// An invalid draft, or a failing store.
    pub async fn create(
        &self,
        owner: UserId,
        draft: ConversationDraft,
    ) -> Result<Created, DomainError> {
        let new = self.check(draft)?;
        Ok(self.repository.create(owner, new, self.clock.now()).await?)
    }

    /// A conversation as [`Self::create`] would take it, for whoever stores it another way. Absent: an id is minted.
    ///
    /// # Errors
    /// An invalid title or settings, too many labels, or an end in the past.
    pub fn check(&self, draft: ConversationDraft) -> Result<NewConversation, DomainError> {
        let title = draft.title.map(|title| self.checked_title(&title));
        let title = title.transpose()?;
        validate_settings(&draft.config, &self.limits)?;
        if draft.labels.len() > MAX_LABELS {
            return Err(too_many_labels());
        }
        if draft.expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(DomainError::Invalid {
                field: "expiresAt",
                reason: "must lie in the future".to_owned(),
            });
        }
        Ok(NewConversation {
            id: draft
                .id
                .unwrap_or_else(|| ConversationId::new(self.ids.next())),
            title,
            config: draft.config,
            expires_at: draft.expires_at,
            labels: draft.labels,
            extras: draft.extras,
        })
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
        found(self.repository.find(owner, id, self.clock.now()).await?)
    }

    /// A page of the list in the filter's order. `limit` is held between 1 and 100. A cursor of another order gives an empty page.
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
    /// An invalid title or settings, too many labels or too much in the extras, no such conversation, or a failing store.
    pub async fn update(
        &self,
        owner: UserId,
        id: ConversationId,
        mut patch: ConversationPatch,
    ) -> Result<Conversation, DomainError> {
        patch.labels = patch.labels.filter(|change| !change.is_empty());
        patch.extras = patch.extras.filter(|change| !change.is_empty());
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
        let now = self.clock.now();
        match self.repository.update(owner, id, patch, now).await? {
            Patched::Done(conversation) => Ok(conversation),
            Patched::Missing => Err(DomainError::ConversationNotFound),
            Patched::Refused(bound) => Err(beyond(bound)),
        }
    }

    /// How many conversations have each label that begins with the prefix; neither those in the trash nor temporary ones count.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn label_counts(
        &self,
        owner: UserId,
        prefix: &str,
    ) -> Result<BTreeMap<Label, u64>, DomainError> {
        Ok(self.repository.label_counts(owner, prefix).await?)
    }

    /// Gives every conversation with one label another one instead; answers how many had it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn rename_label(
        &self,
        owner: UserId,
        from: &Label,
        to: &Label,
    ) -> Result<u64, DomainError> {
        if from == to {
            return Ok(0);
        }
        let now = self.clock.now();
        Ok(self.repository.rename_label(owner, from, to, now).await?)
    }

    /// Takes a label away from every conversation; answers how many had it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_label(&self, owner: UserId, label: &Label) -> Result<u64, DomainError> {
        let now = self.clock.now();
        Ok(self.repository.remove_label(owner, label, now).await?)
    }

    /// Removes conversations whose time is over, whoever has them, at most so many; answers how many. For housekeeping.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_expired(&self, limit: usize) -> Result<usize, DomainError> {
        Ok(self
            .repository
            .remove_expired(self.clock.now(), limit)
            .await?)
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

/// What is told when a change would break a bound.
pub(super) fn beyond(bound: Bound) -> DomainError {
    match bound {
        Bound::Labels => too_many_labels(),
        Bound::Extras => DomainError::Invalid {
            field: "extras",
            reason: InvalidExtras::TooLarge.to_string(),
        },
    }
}

fn too_many_labels() -> DomainError {
    DomainError::Invalid {
        field: "labels",
        reason: format!("a conversation has at most {MAX_LABELS} labels"),
    }
}

fn found(conversation: Option<Conversation>) -> Result<Conversation, DomainError> {
    conversation.ok_or(DomainError::ConversationNotFound)
}
