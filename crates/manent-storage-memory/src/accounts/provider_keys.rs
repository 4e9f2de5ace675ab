//! The port of people's own keys for providers.

use async_trait::async_trait;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::ProviderKeyRepository;
use manent_accounts::provider_key::{EndpointName, ProviderKey};
use manent_accounts::secret::SealedSecret;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use crate::MemoryStore;

#[async_trait]
impl ProviderKeyRepository for MemoryStore {
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        if !state.accounts.contains_key(&key.owner) {
            return Ok(false);
        }
        let place = (key.owner, key.endpoint.clone());
        let keys = state.provider_keys.keys();
        let others = keys.filter(|known| known.0 == key.owner && **known != place);
        if others.count() >= limit {
            return Ok(false);
        }
        let at = key.created_at;
        state.provider_keys.insert(place, key);
        state.tell(audit, at);
        Ok(true)
    }

    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError> {
        let place = (owner, endpoint.clone());
        Ok(self.state().accounts.provider_keys.get(&place).cloned())
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.state();
        let keys = state.accounts.provider_keys.values();
        Ok(keys.filter(|key| key.owner == owner).cloned().collect())
    }

    async fn delete(
        &self,
        owner: UserId,
        endpoint: Option<&EndpointName>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let count = state.provider_keys.len();
        state.provider_keys.retain(|(whose, known), _| {
            *whose != owner || endpoint.is_some_and(|endpoint| known != endpoint)
        });
        let deleted = count - state.provider_keys.len();
        if deleted > 0 {
            state.tell(audit, now);
        }
        Ok(deleted as u64)
    }

    async fn list_sealed_before(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.state();
        let keys = state.accounts.provider_keys.values();
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
        let mut state = self.state();
        let place = (owner, endpoint.clone());
        let found = state.accounts.provider_keys.get_mut(&place);
        let Some(key) = found.filter(|key| key.sealed == *from) else {
            return Ok(false);
        };
        key.sealed = to;
        Ok(true)
    }
}
