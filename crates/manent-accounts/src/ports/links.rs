//! Stores of one-time links. They are used up by [`super::AccountRepository`], together with what they do.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::audit::AuditDraft;
use crate::one_time_link::{LinkPurpose, OneTimeLink};
use crate::secret::SecretDigest;

/// One-time links.
#[async_trait]
pub trait OneTimeLinkRepository: Send + Sync {
    /// Stores a link. One for an account takes the place of the unused ones that the account has for the same purpose; tells `false`, and
    /// stores nothing, when that account is gone, disabled, or has another e-mail address meanwhile.
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError>;

    /// A link, used or not.
    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError>;

    /// At most `limit` unused links of a purpose that have not expired, the newest first.
    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError>;

    /// Deletes an unused link; tells whether there was one.
    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError>;

    /// Deletes at most `limit` links that expired before a time; answers how many.
    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}
