//! The audit log.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::FakeStore;
use crate::audit::{AuditDraft, AuditEntry, AuditHead, AuditRow};
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
    ) -> Result<Vec<AuditRow>, StoreError> {
        let state = self.unit("list_audit")?;
        let is_asked_for = |entry: &&AuditEntry| {
            before.is_none_or(|before| entry.number < before)
                && filter.kind.is_none_or(|kind| entry.kind == kind)
                && filter.account.is_none_or(|account| {
                    entry.account == Some(account) || entry.actor == Some(account)
                })
        };
        let entries = state.audit.iter().rev().filter(is_asked_for);
        let rows = entries.take(limit).map(|entry| state.audit_row(entry));
        Ok(rows.collect())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let state = self.unit("read_audit")?;
        let entries = state.audit.iter().filter(|entry| entry.number > after);
        let rows = entries.take(limit).map(|entry| state.audit_row(entry));
        Ok(rows.collect())
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        let state = self.unit("audit_head")?;
        let last = state.audit.last();
        let head = last.map_or(AuditHead::EMPTY, AuditEntry::head);
        Ok((!state.has_lost_head).then_some(head))
    }
}
