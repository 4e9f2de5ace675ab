//! Stores of the audit log.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use crate::audit::{AuditDraft, AuditEntry, AuditHead, AuditKind, AuditRow};

/// Which entries are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this account, as the one it happened to or the one who did it.
    pub account: Option<UserId>,
    /// Of this kind.
    pub kind: Option<AuditKind>,
}

/// The audit log. Nothing in it is ever changed or deleted.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Appends an entry that stands for itself: something that was refused.
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError>;

    /// At most `limit` entries, the newest first, with numbers below `before`.
    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError>;

    /// At most `limit` entries with numbers above `after`, ascending, for [`crate::audit::AuditVerifier`].
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError>;

    /// The end of the log as the store keeps it beside the entries; [`AuditHead::EMPTY`] while there are none, absent when it is missing or
    /// cannot be read. Then nothing can be appended either.
    async fn head(&self) -> Result<Option<AuditHead>, StoreError>;
}
