//! API keys.

use std::net::IpAddr;
use std::sync::Arc;

use manent_types::{ApiKeyId, Timestamp, UserId};
use secrecy::SecretString;

use super::context::{AccountPorts, Context, invalid};
use crate::AccountError;
use crate::api_key::{ApiKey, Scope, Scopes};
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::policy::AccountPolicy;
use crate::ports::KeyCreated;

/// The most characters of a key's name.
const NAME_CHARACTERS: usize = 100;

/// A key that was just made: shown once.
#[derive(Debug, Clone)]
pub struct MadeApiKey {
    /// As it is stored.
    pub key: ApiKey,
    /// The key itself.
    pub secret: SecretString,
}

/// Makes, lists, revokes and checks API keys.
#[derive(Clone)]
pub struct ApiKeyService {
    context: Context,
}

impl ApiKeyService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Makes a key for the caller, who must be a person and have every scope of it.
    ///
    /// # Errors
    /// When a field is outside its rules, a scope is missing, the caller is no person or has too many keys, or a port fails.
    pub async fn create(
        &self,
        caller: &Caller,
        name: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<MadeApiKey, AccountError> {
        let (owner, _) = caller.require_session()?;
        for scope in scopes.iter() {
            caller.require(scope)?;
        }
        self.make(caller, owner, name, scopes, expires_at).await
    }

    /// Makes a key for somebody, as an administrator. The scope `admin` is only for administrators' accounts.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such active account, a field is outside its rules, or a port fails.
    pub async fn create_for(
        &self,
        caller: &Caller,
        owner: UserId,
        name: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<MadeApiKey, AccountError> {
        caller.require_admin()?;
        let account = self.context.ports.accounts.find(owner).await?;
        let account = account.ok_or(AccountError::NotFound)?;
        if scopes.contains(Scope::Admin) && !account.role.is_admin() {
            return Err(invalid(
                "scopes",
                "admin is only for keys of administrators",
            ));
        }
        self.make(caller, owner, name, scopes, expires_at).await
    }

    /// The caller's keys that were not revoked, the newest first.
    ///
    /// # Errors
    /// When the caller is no person, or the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<ApiKey>, AccountError> {
        let (owner, _) = caller.require_session()?;
        Ok(self.context.ports.api_keys.list(owner).await?)
    }

    /// Somebody's keys that were not revoked, as an administrator.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn list_of(
        &self,
        caller: &Caller,
        owner: UserId,
    ) -> Result<Vec<ApiKey>, AccountError> {
        caller.require_admin()?;
        Ok(self.context.ports.api_keys.list(owner).await?)
    }

    /// Revokes one of the caller's keys.
    ///
    /// # Errors
    /// When the caller is no person or has no such key, or the store fails.
    pub async fn revoke(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKey, AccountError> {
        let (owner, _) = caller.require_session()?;
        self.revoke_key(caller, owner, id).await
    }

    /// Revokes one of somebody's keys, as an administrator.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such key, or the store fails.
    pub async fn revoke_for(
        &self,
        caller: &Caller,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<ApiKey, AccountError> {
        caller.require_admin()?;
        self.revoke_key(caller, owner, id).await
    }

    /// Who presented this key.
    ///
    /// # Errors
    /// [`AccountError::NotSignedIn`] when it is none, wrong, revoked or expired; [`AccountError::AccountDisabled`]; or the store fails.
    pub async fn authenticate(
        &self,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<Caller, AccountError> {
        let ports = &self.context.ports;
        let presented = ports.secrets.read_api_key(text);
        let presented = presented.ok_or(AccountError::NotSignedIn)?;
        let now = self.context.now();
        let found = ports.api_keys.find(presented.id).await?;
        let (key, account) = found
            .filter(|(key, _)| key.digest == presented.digest && key.is_live(now))
            .ok_or(AccountError::NotSignedIn)?;
        if !account.is_active() {
            return Err(AccountError::AccountDisabled);
        }
        if key.wants_touch(now) {
            // The request does not depend on it.
            let _ = ports.api_keys.touch(key.owner, key.id, now).await;
        }
        Ok(Caller::of_api_key(&account, &key, address))
    }

    async fn make(
        &self,
        caller: &Caller,
        owner: UserId,
        name: &str,
        scopes: Scopes,
        expires_at: Option<Timestamp>,
    ) -> Result<MadeApiKey, AccountError> {
        let Context { ports, policy } = &self.context;
        let now = self.context.now();
        if scopes.is_empty() {
            return Err(invalid("scopes", "a key needs at least one scope"));
        }
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(invalid("expiresAt", "must lie in the future"));
        }
        let id = ApiKeyId::new(ports.ids.next());
        let made = ports.secrets.api_key(id);
        let key = ApiKey {
            id,
            owner,
            name: key_name(name)?,
            digest: made.digest,
            scopes,
            created_at: now,
            last_used_at: None,
            expires_at,
            revoked_at: None,
        };
        let audit = caller
            .audit(AuditKind::ApiKeyCreated)
            .on(owner)
            .with("made", id)
            .with("name", &key.name)
            .with("scopes", scopes.to_text());
        let limit = policy.api_keys;
        match ports.api_keys.create(key.clone(), limit, audit).await? {
            KeyCreated::Stored => Ok(MadeApiKey {
                key,
                secret: made.secret,
            }),
            KeyCreated::TooMany => Err(AccountError::TooMany { limit }),
            KeyCreated::OwnerUnknown => Err(AccountError::AccountDisabled),
        }
    }

    async fn revoke_key(
        &self,
        caller: &Caller,
        owner: UserId,
        id: ApiKeyId,
    ) -> Result<ApiKey, AccountError> {
        let ports = &self.context.ports;
        let audit = caller
            .audit(AuditKind::ApiKeyRevoked)
            .on(owner)
            .with("revoked", id);
        let revoked = ports
            .api_keys
            .revoke(owner, id, self.context.now(), audit)
            .await?;
        ports.standings.changed(owner);
        revoked.ok_or(AccountError::NotFound)
    }
}

fn key_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    let is_sound = (1..=NAME_CHARACTERS).contains(&name.chars().count())
        && !name.chars().any(char::is_control);
    if is_sound {
        Ok(name.to_owned())
    } else {
        Err(invalid(
            "name",
            "must have 1 to 100 characters and no line breaks",
        ))
    }
}

#[cfg(test)]
mod tests;
