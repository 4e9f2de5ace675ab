//! The port of the audit log.

use async_trait::async_trait;
use manent_accounts::audit::{AuditDraft, AuditEntry, AuditHead, AuditRow};
use manent_accounts::ports::{AuditFilter, AuditRepository};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::MemoryStore;

#[async_trait]
impl AuditRepository for MemoryStore {
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError> {
        Ok(self.state().accounts.tell(draft, now))
    }

    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let is_wanted = |entry: &&AuditEntry| {
            before.is_none_or(|before| entry.number < before)
                && filter.kind.is_none_or(|kind| entry.kind == kind)
                && filter.account.is_none_or(|account| {
                    entry.account == Some(account) || entry.actor == Some(account)
                })
        };
        let state = self.state();
        let entries = state.accounts.audit.iter().rev().filter(is_wanted);
        Ok(entries.take(limit).cloned().map(Ok).collect())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let state = self.state();
        let entries = state.accounts.audit.iter();
        let entries = entries.filter(|entry| entry.number > after);
        Ok(entries.take(limit).cloned().map(Ok).collect())
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        Ok(Some(self.state().accounts.head()))
    }
}
