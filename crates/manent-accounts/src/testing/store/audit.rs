//! The audit log.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::FakeStore;
use crate::audit::{AuditDraft, AuditEntry, AuditHead};
use crate::ports::{AuditFilter, AuditRepository};

#[async_trait]
impl AuditRepository for FakeStore {
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError> {
        Ok(self.unit("append_audit")?.write(draft, now))
    }

    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.unit("list_audit")?;
        let is_asked_for = |entry: &&AuditEntry| {
            before.is_none_or(|before| entry.number < before)
                && filter.kind.is_none_or(|kind| entry.kind == kind)
                && filter.account.is_none_or(|account| {
                    entry.account == Some(account) || entry.actor == Some(account)
                })
        };
        let entries = state.audit.iter().rev().filter(is_asked_for);
        Ok(entries.take(limit).cloned().collect())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.unit("read_audit")?;
        let entries = state.audit.iter().filter(|entry| entry.number > after);
        Ok(entries.take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<AuditHead, StoreError> {
        let state = self.unit("audit_head")?;
        Ok(state
            .audit
            .last()
            .map_or(AuditHead::EMPTY, AuditEntry::head))
    }
}
