//! People's own keys for providers: stored encrypted, opened for their endpoint and their owner alone, never shown again.

use std::sync::Arc;

use manent_types::{Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};

use super::context::{AccountPorts, Context, invalid};
use crate::AccountError;
use crate::api_key::Scope;
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::policy::AccountPolicy;
use crate::ports::VaultUse;
use crate::provider_key::{EndpointName, ProviderKey};

/// The most bytes of a key: some are whole JSON documents.
const KEY_BYTES: usize = 16 * 1024;

/// A person's key, for a request to its endpoint.
#[derive(Debug, Clone)]
pub enum OpenedKey {
    /// It.
    Key(SecretString),
    /// There is one, and its time is over.
    Expired,
    /// There is none.
    Missing,
}

/// Keeps people's own keys.
#[derive(Clone)]
pub struct ProviderKeyService {
    context: Context,
}

impl ProviderKeyService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Stores the caller's key for an endpoint, in place of one that is there. What is in it is the surface's business.
    ///
    /// # Errors
    /// When it is empty or too large, the name is none, the caller may not write or has too many, or a port fails.
    pub async fn put(
        &self,
        caller: &Caller,
        endpoint: &str,
        key: &SecretString,
        expires_at: Option<Timestamp>,
    ) -> Result<(), AccountError> {
        caller.require(Scope::Write)?;
        let owner = caller.owner()?;
        let endpoint = endpoint_name(endpoint)?;
        let length = key.expose_secret().len();
        if !(1..=KEY_BYTES).contains(&length) {
            return Err(invalid(
                "value",
                format!("must have 1 to {KEY_BYTES} bytes"),
            ));
        }
        let Context { ports, policy } = &self.context;
        let purpose = VaultUse::ProviderKey {
            owner,
            endpoint: endpoint.clone(),
        };
        let stored = ProviderKey {
            owner,
            sealed: ports.vault.seal(&purpose, key)?,
            endpoint,
            created_at: self.context.now(),
            expires_at,
        };
        let audit = caller
            .audit(AuditKind::ProviderKeyStored)
            .on(owner)
            .with("endpoint", &stored.endpoint);
        let limit = policy.provider_keys;
        if ports.provider_keys.put(stored, limit, audit).await? {
            Ok(())
        } else {
            Err(AccountError::TooMany { limit })
        }
    }

    /// The caller's key for an endpoint, as far as it is ever shown: whether there is one, and until when.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn expiry(
        &self,
        caller: &Caller,
        endpoint: &str,
    ) -> Result<Option<Option<Timestamp>>, AccountError> {
        caller.require(Scope::Read)?;
        let owner = caller.owner()?;
        let endpoint = endpoint_name(endpoint)?;
        let key = self
            .context
            .ports
            .provider_keys
            .find(owner, &endpoint)
            .await?;
        Ok(key.map(|key| key.expires_at))
    }

    /// The endpoints that the caller has keys for, each with its key's end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(EndpointName, Option<Timestamp>)>, AccountError> {
        caller.require(Scope::Read)?;
        let keys = self
            .context
            .ports
            .provider_keys
            .list(caller.owner()?)
            .await?;
        let shown = keys.into_iter().map(|key| (key.endpoint, key.expires_at));
        Ok(shown.collect())
    }

    /// Deletes the caller's key for an endpoint; tells whether there was one.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn delete(&self, caller: &Caller, endpoint: &str) -> Result<bool, AccountError> {
        let endpoint = endpoint_name(endpoint)?;
        Ok(self.remove(caller, Some(&endpoint)).await? > 0)
    }

    /// Deletes all of the caller's keys; answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_all(&self, caller: &Caller) -> Result<u64, AccountError> {
        self.remove(caller, None).await
    }

    /// The owner's key for an endpoint, for a request that is about to be sent there.
    ///
    /// # Errors
    /// When the name is none, the key cannot be opened (any more), or the store fails.
    pub async fn open(&self, owner: UserId, endpoint: &str) -> Result<OpenedKey, AccountError> {
        let endpoint = endpoint_name(endpoint)?;
        let ports = &self.context.ports;
        let Some(key) = ports.provider_keys.find(owner, &endpoint).await? else {
            return Ok(OpenedKey::Missing);
        };
        if !key.is_live(self.context.now()) {
            return Ok(OpenedKey::Expired);
        }
        let purpose = VaultUse::ProviderKey { owner, endpoint };
        Ok(OpenedKey::Key(ports.vault.open(&purpose, &key.sealed)?))
    }

    async fn remove(
        &self,
        caller: &Caller,
        endpoint: Option<&EndpointName>,
    ) -> Result<u64, AccountError> {
        caller.require(Scope::Write)?;
        let owner = caller.owner()?;
        let mut audit = caller.audit(AuditKind::ProviderKeyDeleted).on(owner);
        if let Some(endpoint) = endpoint {
            audit = audit.with("endpoint", endpoint);
        }
        let keys = &self.context.ports.provider_keys;
        Ok(keys
            .delete(owner, endpoint, self.context.now(), audit)
            .await?)
    }
}

fn endpoint_name(text: &str) -> Result<EndpointName, AccountError> {
    EndpointName::parse(text).map_err(|error| invalid("name", error))
}

#[cfg(test)]
mod tests;
