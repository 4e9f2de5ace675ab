//! Encrypting everything that is stored encrypted with the newest key, so that older keys can be thrown away.

use std::sync::Arc;

use super::context::{AccountPorts, Context};
use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::policy::AccountPolicy;
use crate::ports::VaultUse;
use crate::secret::SealedSecret;
use crate::server_secret::SecretMark;
use crate::two_factor::TwoFactorChange;

/// How many rows are looked at in one go.
const BATCH: usize = 100;

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Provider keys that were encrypted anew.
    pub provider_keys: u64,
    /// Secrets of second factors that were encrypted anew.
    pub two_factor_secrets: u64,
}

/// What is stored encrypted and does not open with the keys that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unopened {
    /// Accounts whose second factor does not open.
    pub second_factors: u64,
    /// People's keys for providers that do not open. Of many the first hundred are looked at.
    pub provider_keys: u64,
}

impl Unopened {
    /// Whether everything opens.
    pub const fn is_empty(&self) -> bool {
        self.second_factors == 0 && self.provider_keys == 0
    }
}

/// Encrypts what is stored with the newest key.
#[derive(Clone)]
pub struct SecretRotation {
    context: Context,
}

impl SecretRotation {
    /// A rotation over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Goes through everything, in small units, beside the running server. Safe to stop and to repeat.
    ///
    /// # Errors
    /// When the caller may not administer, a secret cannot be opened (nothing is lost: what was not rotated stays), or a port fails.
    pub async fn run(&self, caller: &Caller) -> Result<Rotated, AccountError> {
        caller.require_admin()?;
        let rotated = Rotated {
            provider_keys: self.provider_keys().await?,
            two_factor_secrets: self.two_factor_secrets(caller).await?,
        };
        let audit = caller
            .audit(AuditKind::SecretsResealed)
            .with("keyVersion", self.context.ports.vault.key_version())
            .with("providerKeys", rotated.provider_keys)
            .with("twoFactorSecrets", rotated.two_factor_secrets);
        self.context
            .ports
            .audit
            .append(audit, self.context.now())
            .await?;
        Ok(rotated)
    }

    /// Tries to open what is stored encrypted, and changes nothing. It reads every account: for when something is amiss.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unopened(&self) -> Result<Unopened, AccountError> {
        let ports = &self.context.ports;
        let mut unopened = Unopened::default();
        let any_version = u32::MAX;
        for key in ports
            .provider_keys
            .list_sealed_before(any_version, BATCH)
            .await?
        {
            let purpose = VaultUse::ProviderKey {
                owner: key.owner,
                endpoint: key.endpoint,
            };
            unopened.provider_keys += u64::from(ports.vault.open(&purpose, &key.sealed).is_err());
        }
        let mut after = None;
        loop {
            let page = ports.accounts.list(after, BATCH).await?;
            for account in &page.items {
                let Some(active) = &account.two_factor.active else {
                    continue;
                };
                let purpose = VaultUse::TwoFactor { owner: account.id };
                let opened = ports.vault.open(&purpose, &active.secret);
                unopened.second_factors += u64::from(opened.is_err());
            }
            after = page.next;
            if after.is_none() {
                return Ok(unopened);
            }
        }
    }

    /// Writes into the audit log that a secret was taken for the one of the accounts.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn tell_adopted(
        &self,
        caller: &Caller,
        mark: &SecretMark,
    ) -> Result<(), AccountError> {
        caller.require_admin()?;
        let audit = caller
            .audit(AuditKind::SecretAdopted)
            .with("number", mark.number)
            .with("fingerprint", &mark.fingerprint);
        let log = &self.context.ports.audit;
        log.append(audit, self.context.now()).await?;
        Ok(())
    }

    async fn provider_keys(&self) -> Result<u64, AccountError> {
        let ports = &self.context.ports;
        let mut rotated = 0;
        loop {
            let version = ports.vault.key_version();
            let keys = ports
                .provider_keys
                .list_sealed_before(version, BATCH)
                .await?;
            if keys.is_empty() {
                return Ok(rotated);
            }
            for key in keys {
                let purpose = VaultUse::ProviderKey {
                    owner: key.owner,
                    endpoint: key.endpoint.clone(),
                };
                let to = self.sealed_anew(&purpose, &key.sealed)?;
                let is_rotated = ports
                    .provider_keys
                    .reseal(key.owner, &key.endpoint, &key.sealed, to)
                    .await?;
                rotated += u64::from(is_rotated);
            }
        }
    }

    async fn two_factor_secrets(&self, caller: &Caller) -> Result<u64, AccountError> {
        let mut rotated = 0;
        let mut after = None;
        loop {
            let page = self.context.ports.accounts.list(after, BATCH).await?;
            for account in &page.items {
                rotated += self.two_factor_of(account, caller).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(rotated);
            }
        }
    }

    async fn two_factor_of(&self, account: &Account, caller: &Caller) -> Result<u64, AccountError> {
        let version = self.context.ports.vault.key_version();
        let active = account
            .two_factor
            .active
            .as_ref()
            .map(|active| &active.secret);
        let pending = account
            .two_factor
            .pending
            .as_ref()
            .map(|pending| &pending.secret);
        let secrets = active.into_iter().chain(pending);
        let mut changes = Vec::new();
        for from in secrets.filter(|secret| secret.key_version < version) {
            let purpose = VaultUse::TwoFactor { owner: account.id };
            changes.push(TwoFactorChange::Reseal {
                from: from.clone(),
                to: self.sealed_anew(&purpose, from)?,
            });
        }
        if changes.is_empty() {
            return Ok(0);
        }
        let rotated = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        let change = AccountChange::TwoFactor(changes);
        let audit = caller.audit(AuditKind::SecretsResealed);
        match self.context.change(account.id, change, None, audit).await {
            Ok(_) => Ok(rotated),
            // Deleted meanwhile.
            Err(AccountError::NotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn sealed_anew(
        &self,
        purpose: &VaultUse,
        sealed: &SealedSecret,
    ) -> Result<SealedSecret, AccountError> {
        let vault = &self.context.ports.vault;
        let secret = vault.open(purpose, sealed)?;
        Ok(vault.seal(purpose, &secret)?)
    }
}
