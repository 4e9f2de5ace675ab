//! API keys and provider keys.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, Timestamp, UserId};

use super::FakeStore;
use crate::account::Account;
use crate::api_key::ApiKey;
use crate::audit::AuditDraft;
use crate::ports::{ApiKeyRepository, KeyCreated, ProviderKeyRepository};
use crate::provider_key::{EndpointName, ProviderKey};
use crate::secret::SealedSecret;

#[async_trait]
impl ApiKeyRepository for FakeStore {
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError> {
        let mut state = self.unit("create_key")?;
        if !state
            .accounts
            .get(&key.owner)
            .is_some_and(Account::is_active)
        {
            return Ok(KeyCreated::OwnerUnknown);
        }
        let keys = state.keys.values();
        let live = keys.filter(|other| other.owner == key.owner && other.is_live(key.created_at));
        if live.count() >= limit {
            return Ok(KeyCreated::TooMany);
        }
        state.write(audit, key.created_at);
        state.keys.insert(key.id, key);
        Ok(KeyCreated::Stored)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError> {
        let state = self.unit("find_key")?;
        let key = state.keys.get(&id).cloned();
        let account = |key: ApiKey| {
            let account = state.accounts.get(&key.owner).cloned()?;
            Some((key, account))
        };
        Ok(key.and_then(account))
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let state = self.unit("list_keys")?;
        let keys = state.keys.values().rev();
        let kept = keys.filter(|key| key.owner == owner && key.revoked_at.is_none());
        Ok(kept.cloned().collect())
    }

    async fn revoke(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<ApiKey>, StoreError> {
        let mut state = self.unit("revoke_key")?;
        let key = state.keys.get_mut(&id).filter(|key| key.owner == owner);
        let Some(key) = key else {
            return Ok(None);
        };
        let is_changed = key.revoked_at.is_none();
        key.revoked_at = key.revoked_at.or(Some(now));
        let key = key.clone();
        if is_changed {
            state.write(audit, now);
        }
        Ok(Some(key))
    }

    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.unit("touch_key")?;
        if let Some(key) = state.keys.get_mut(&id).filter(|key| key.owner == owner) {
            key.last_used_at = key.last_used_at.max(Some(now));
        }
        Ok(())
    }
}

#[async_trait]
impl ProviderKeyRepository for FakeStore {
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("put_provider_key")?;
        let place = (key.owner, key.endpoint.clone());
        let count = state
            .provider_keys
            .keys()
            .filter(|(owner, _)| *owner == key.owner)
            .count();
        if count >= limit && !state.provider_keys.contains_key(&place) {
            return Ok(false);
        }
        state.write(audit, key.created_at);
        state.provider_keys.insert(place, key);
        Ok(true)
    }

    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError> {
        let state = self.unit("find_provider_key")?;
        Ok(state.provider_keys.get(&(owner, endpoint.clone())).cloned())
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.unit("list_provider_keys")?;
        let keys = state
            .provider_keys
            .values()
            .filter(|key| key.owner == owner);
        Ok(keys.cloned().collect())
    }

    async fn delete(
        &self,
        owner: UserId,
        endpoint: Option<&EndpointName>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError> {
        let mut state = self.unit("delete_provider_keys")?;
        let count = state.provider_keys.len();
        state.provider_keys.retain(|(of, name), _| {
            *of != owner || endpoint.is_some_and(|endpoint| endpoint != name)
        });
        let gone = count - state.provider_keys.len();
        if gone > 0 {
            state.write(audit, now);
        }
        Ok(u64::try_from(gone).unwrap())
    }

    async fn list_sealed_before(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.unit("list_sealed_before")?;
        let keys = state.provider_keys.values();
        let old = keys.filter(|key| key.sealed.key_version < key_version);
        Ok(old.take(limit).cloned().collect())
    }

    async fn reseal(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
        from: &SealedSecret,
        to: SealedSecret,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("reseal")?;
        let key = state.provider_keys.get_mut(&(owner, endpoint.clone()));
        match key.filter(|key| key.sealed == *from) {
            Some(key) => {
                key.sealed = to;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
