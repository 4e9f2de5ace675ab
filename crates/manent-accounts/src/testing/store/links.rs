//! One-time links.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::FakeStore;
use crate::audit::AuditDraft;
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::ports::OneTimeLinkRepository;
use crate::secret::SecretDigest;

#[async_trait]
impl OneTimeLinkRepository for FakeStore {
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError> {
        let mut state = self.unit("create_link")?;
        if let LinkSubject::Account { account, email } = &link.subject {
            let known = state.accounts.get(account);
            if !known.is_some_and(|known| known.is_active() && known.email == *email) {
                return Ok(false);
            }
            state.drop_links(*account, link.purpose);
        }
        state.write(audit, link.created_at);
        state.put_link(link);
        Ok(true)
    }

    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError> {
        Ok(self.unit("find_link")?.link(Some(digest)))
    }

    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError> {
        let state = self.unit("list_links")?;
        let links = state.links.iter().rev();
        let live = links.filter(|link| link.check(purpose, now).is_ok());
        Ok(live.take(limit).cloned().collect())
    }

    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("revoke_link")?;
        let count = state.links.len();
        state
            .links
            .retain(|link| link.digest != digest || link.used_at.is_some());
        let is_gone = state.links.len() < count;
        if is_gone {
            state.write(audit, now);
        }
        Ok(is_gone)
    }

    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.unit("clear_links")?;
        let mut left = limit;
        state.links.retain(|link| {
            let goes = left > 0 && link.expires_at < expired_before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}
