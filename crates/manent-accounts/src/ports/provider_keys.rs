//! Stores of people's own keys for providers.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use crate::audit::AuditDraft;
use crate::provider_key::{EndpointName, ProviderKey};
use crate::secret::SealedSecret;

/// People's own keys for providers.
#[async_trait]
pub trait ProviderKeyRepository: Send + Sync {
    /// Stores a key in place of the one that the owner has for the endpoint; tells `false`, and stores nothing, when the owner would have
    /// more than `limit` keys, or was deleted. The owner of mode `local`, who has no account, has keys like everybody.
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError>;

    /// The owner's key for an endpoint, expired or not.
    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError>;

    /// The owner's keys, by endpoint.
    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError>;

    /// Deletes the owner's key for an endpoint, or all of the owner's keys; answers how many.
    async fn delete(
        &self,
        owner: UserId,
        endpoint: Option<&EndpointName>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError>;

    /// At most `limit` keys of anybody that are encrypted with a key older than this version, for the rotation.
    async fn list_sealed_before(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<ProviderKey>, StoreError>;

    /// Replaces the encryption of a key if it is still `from`; tells whether it was. Not told in the audit log: the rotation tells it once.
    async fn reseal(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
        from: &SealedSecret,
        to: SealedSecret,
    ) -> Result<bool, StoreError>;
}
