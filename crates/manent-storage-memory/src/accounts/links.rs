//! The port of one-time links.

use std::cmp::Reverse;

use async_trait::async_trait;
use manent_accounts::audit::AuditDraft;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::ports::OneTimeLinkRepository;
use manent_accounts::secret::SecretDigest;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::MemoryStore;

#[async_trait]
impl OneTimeLinkRepository for MemoryStore {
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        if let LinkSubject::Account { account, email } = &link.subject {
            let is_current = state
                .active_account(*account)
                .is_some_and(|account| account.email == *email);
            if !is_current {
                return Ok(false);
            }
            state.links.retain(|known| {
                known.account() != Some(*account)
                    || known.purpose != link.purpose
                    || known.used_at.is_some()
            });
        }
        let at = link.created_at;
        state.links.push(link);
        state.tell(audit, at);
        Ok(true)
    }

    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError> {
        Ok(self.state().accounts.link(digest).cloned())
    }

    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError> {
        let state = self.state();
        let open = state.accounts.links.iter();
        let open = open.filter(|link| link.check(purpose, now).is_ok());
        let mut links: Vec<_> = open.cloned().collect();
        links.sort_by_key(|link| Reverse((link.created_at, *link.digest.as_bytes())));
        links.truncate(limit);
        Ok(links)
    }

    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let count = state.links.len();
        state
            .links
            .retain(|link| link.digest != digest || link.used_at.is_some());
        let is_revoked = state.links.len() < count;
        if is_revoked {
            state.tell(audit, now);
        }
        Ok(is_revoked)
    }

    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.state();
        let links = &mut state.accounts.links;
        let expired = links.extract_if(.., |link| link.expires_at < expired_before);
        Ok(expired.take(limit).count())
    }
}
