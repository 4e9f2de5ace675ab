//! The port of API keys.

use std::cmp::Reverse;

use async_trait::async_trait;
use manent_accounts::account::Account;
use manent_accounts::api_key::ApiKey;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{ApiKeyRepository, KeyCreated};
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, Timestamp, UserId};

use crate::MemoryStore;

#[async_trait]
impl ApiKeyRepository for MemoryStore {
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        if state.active_account(key.owner).is_none() {
            return Ok(KeyCreated::OwnerUnknown);
        }
        let at = key.created_at;
        let keys = state.api_keys.values();
        let live = keys.filter(|known| known.owner == key.owner && known.is_live(at));
        if live.count() >= limit {
            return Ok(KeyCreated::TooMany);
        }
        state.api_keys.insert(key.id, key);
        state.tell(audit, at);
        Ok(KeyCreated::Stored)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError> {
        let state = self.state();
        let state = &state.accounts;
        let found = state.api_keys.get(&id);
        Ok(found.and_then(|key| Some((key.clone(), state.accounts.get(&key.owner)?.clone()))))
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let state = self.state();
        let keys = state.accounts.api_keys.values();
        let keys = keys.filter(|key| key.owner == owner && key.revoked_at.is_none());
        let mut keys: Vec<_> = keys.cloned().collect();
        keys.sort_by_key(|key| Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn revoke(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<ApiKey>, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let found = state.api_keys.get_mut(&id);
        let Some(key) = found.filter(|key| key.owner == owner) else {
            return Ok(None);
        };
        let is_new = key.revoked_at.is_none();
        key.revoked_at = key.revoked_at.or(Some(now));
        let key = key.clone();
        if is_new {
            state.tell(audit, now);
        }
        Ok(Some(key))
    }

    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        let found = state.accounts.api_keys.get_mut(&id);
        if let Some(key) = found.filter(|key| key.owner == owner) {
            key.last_used_at = key.last_used_at.max(Some(now));
        }
        Ok(())
    }
}
