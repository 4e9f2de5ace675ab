//! The account of a person: names, password, address, end; and what administrators do with others' accounts.

mod administration;
mod passwords;
mod verification;

use std::sync::Arc;

use manent_types::Timestamp;
use secrecy::SecretString;

pub use administration::NewPerson;

use super::context::{AccountPorts, Context, invalid, invalid_password};
use super::sign_up::username;
use super::two_factor::{SecondFactor, TwoFactorService};
use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::limits::{LimitKey, LimitKind};
use crate::name::DisplayName;
use crate::password::{Password, PasswordHash};
use crate::policy::AccountPolicy;
use crate::ports::{Deleted, PasswordMatch};

/// A link that is not mailed but shown to whoever asked for it, to be handed on.
#[derive(Debug, Clone)]
pub struct PrintedLink {
    /// The account that it is for.
    pub account: Account,
    /// Its secret.
    pub secret: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Looks after accounts.
#[derive(Clone)]
pub struct AccountService {
    context: Context,
    two_factor: TwoFactorService,
}

impl AccountService {
    /// A service over these ports.
    pub fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        let context = Context::new(ports, policy);
        Self {
            two_factor: TwoFactorService::over(context.clone()),
            context,
        }
    }

    /// The caller's own account.
    ///
    /// # Errors
    /// When the caller has none, it is disabled, or the store fails.
    pub async fn own(&self, caller: &Caller) -> Result<Account, AccountError> {
        self.context.active_account(caller.owner()?).await
    }

    /// Changes the caller's names.
    ///
    /// # Errors
    /// When a name is outside its rules, the caller is no person, or the store fails.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        name: &str,
        short: Option<&str>,
    ) -> Result<Account, AccountError> {
        let (owner, _) = caller.require_session()?;
        let change = AccountChange::Profile {
            name: DisplayName::parse(name).map_err(|error| invalid("name", error))?,
            username: username(short)?,
        };
        let audit = caller.audit(AuditKind::ProfileChanged);
        Ok(self
            .context
            .change(owner, change, None, audit)
            .await?
            .account)
    }

    /// Notes that the caller accepted the terms of use.
    ///
    /// # Errors
    /// When the caller is no person, or the store fails.
    pub async fn accept_terms(&self, caller: &Caller) -> Result<Account, AccountError> {
        let (owner, _) = caller.require_session()?;
        let audit = caller.audit(AuditKind::TermsAccepted);
        let change = AccountChange::AcceptTerms;
        Ok(self
            .context
            .change(owner, change, None, audit)
            .await?
            .account)
    }

    /// Deletes the caller's account and everything that it owns. An account with a second factor needs a proof of it; `password` is checked
    /// where it is given, so that a surface may ask for it.
    ///
    /// # Errors
    /// When people may not delete their accounts, a proof is missing or wrong, the account is the last administrator, or a port fails.
    pub async fn delete_own(
        &self,
        caller: &Caller,
        password: Option<SecretString>,
        factor: Option<SecondFactor>,
    ) -> Result<(), AccountError> {
        let (owner, _) = caller.require_session()?;
        if !self.context.policy.allows_deletion && caller.require_admin().is_err() {
            return Err(AccountError::Forbidden);
        }
        let account = self.context.active_account(owner).await?;
        if let Some(password) = password {
            let password = Password::presented(password).map_err(invalid_password)?;
            self.check_password(&account, &password).await?;
        }
        if account.two_factor.is_enabled() {
            let factor = factor.ok_or(AccountError::SecondFactorNeeded)?;
            let audit = caller.audit(AuditKind::TwoFactorAccepted);
            self.two_factor
                .accept(&account, factor, None, audit)
                .await?;
        }
        self.delete(caller, owner).await
    }

    async fn delete(&self, caller: &Caller, id: manent_types::UserId) -> Result<(), AccountError> {
        let ports = &self.context.ports;
        let audit = caller.audit(AuditKind::AccountDeleted).on(id);
        let deleted = ports.accounts.delete(id, self.context.now(), audit).await?;
        match deleted {
            Deleted::Gone(_) => {
                ports.standings.changed(id);
                Ok(())
            }
            Deleted::Unknown => Err(AccountError::NotFound),
            Deleted::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// Checks the own password once more; a wrong one counts as an attempt. Answers the hash that it fits.
    async fn check_password(
        &self,
        account: &Account,
        password: &Password,
    ) -> Result<PasswordHash, AccountError> {
        let Context { ports, policy } = &self.context;
        let rate = policy.rates.password_check;
        let key = LimitKey::Account(LimitKind::PasswordCheck, account.id);
        self.context.take(key.clone(), rate)?;
        let Some(hash) = account.password.clone() else {
            return Err(AccountError::WrongPassword);
        };
        match ports.hasher.verify(password, &hash).await? {
            PasswordMatch::Match { .. } => {
                ports.limiter.put_back(&key, rate);
                Ok(hash)
            }
            PasswordMatch::NoMatch => Err(AccountError::WrongPassword),
        }
    }
}

#[cfg(test)]
mod tests;
