//! Stores of API keys.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, Timestamp, UserId};

use crate::account::Account;
use crate::api_key::ApiKey;
use crate::audit::AuditDraft;

/// What became of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCreated {
    /// It is stored.
    Stored,
    /// Its owner has as many live keys as one may have.
    TooMany,
    /// There is no such account, or it is disabled.
    OwnerUnknown,
}

/// API keys.
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Stores a key unless its owner has `limit` live ones (at `key.created_at`) already.
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError>;

    /// A key, live or not, and its owner's account, for whoever presents it: the one look-up that cannot name the owner.
    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError>;

    /// The owner's keys that were not revoked, expired ones too, the newest first.
    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key; one that was revoked stays as it is. `None` when the owner has no such key.
    async fn revoke(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// Notes that a key was used; a later time that is there already stays.
    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
}
