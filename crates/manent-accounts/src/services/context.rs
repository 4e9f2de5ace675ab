//! What all services of accounts work with.

use std::sync::Arc;

use manent_types::{Timestamp, UserId};
use secrecy::SecretString;

use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::AuditDraft;
use crate::caller::Origin;
use crate::limits::{LimitDecision, LimitKey, LimitKind, Rate};
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::password::{InvalidPassword, Password};
use crate::policy::AccountPolicy;
use crate::ports::{
    AccountRepository, ApiKeyRepository, AuditRepository, BudgetRepository, Changed, Clock,
    DeviceMarks, IdSource, Limiter, Mailer, OneTimeLinkRepository, PasswordHasher,
    ProviderKeyRepository, RoleRepository, SecretSource, SessionRepository, StandingListener,
    TokenMinter, TokenReader, Vault,
};
use crate::role::RoleName;
use crate::secret::SecretDigest;
use crate::time::later;

/// The ports that the services work with; one store usually stands behind all repositories.
#[derive(Clone)]
pub struct AccountPorts {
    /// Accounts.
    pub accounts: Arc<dyn AccountRepository>,
    /// Sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyRepository>,
    /// One-time links.
    pub links: Arc<dyn OneTimeLinkRepository>,
    /// Roles.
    pub roles: Arc<dyn RoleRepository>,
    /// People's own keys for providers.
    pub provider_keys: Arc<dyn ProviderKeyRepository>,
    /// Budgets.
    pub budgets: Arc<dyn BudgetRepository>,
    /// The audit log.
    pub audit: Arc<dyn AuditRepository>,
    /// Hashing of passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Making of tokens.
    pub minter: Arc<dyn TokenMinter>,
    /// Reading of tokens.
    pub reader: Arc<dyn TokenReader>,
    /// Random secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Encryption of secrets.
    pub vault: Arc<dyn Vault>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Limits of attempts.
    pub limiter: Arc<dyn Limiter>,
    /// Which devices somebody signed in on.
    pub devices: Arc<dyn DeviceMarks>,
    /// Who wants to know of changed standings.
    pub standings: Arc<dyn StandingListener>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
}

/// Ports and policy, shared by the services.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) ports: AccountPorts,
    pub(super) policy: Arc<AccountPolicy>,
}

impl Context {
    pub(super) const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self { ports, policy }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Counts an attempt.
    pub(super) fn take(&self, key: LimitKey, rate: Rate) -> Result<(), AccountError> {
        match self.ports.limiter.take(key, rate, self.now()) {
            LimitDecision::Allowed => Ok(()),
            LimitDecision::Refused { retry_after } => {
                Err(AccountError::TooManyAttempts { retry_after })
            }
        }
    }

    /// Counts an attempt of an address, where it is known.
    pub(super) fn take_address(
        &self,
        kind: LimitKind,
        origin: &Origin,
        rate: Rate,
    ) -> Result<(), AccountError> {
        match origin.address {
            Some(address) => self.take(LimitKey::Address(kind, address), rate),
            None => Ok(()),
        }
    }

    /// Checks a new password against the policy.
    pub(super) fn new_password(&self, password: SecretString) -> Result<Password, AccountError> {
        self.policy
            .password
            .check(password)
            .map_err(invalid_password)
    }

    /// The account, if it is there and may be used.
    pub(super) async fn active_account(&self, id: UserId) -> Result<Account, AccountError> {
        match self.ports.accounts.find(id).await? {
            Some(account) if account.is_active() => Ok(account),
            Some(_) => Err(AccountError::AccountDisabled),
            None => Err(AccountError::NotSignedIn),
        }
    }

    /// A role that somebody is to get: built in, or one that an administrator made.
    pub(super) async fn known_role(&self, role: RoleName) -> Result<RoleName, AccountError> {
        if role.is_built_in() || self.ports.roles.find(&role).await?.is_some() {
            Ok(role)
        } else {
            Err(invalid("role", format!("there is no role {role}")))
        }
    }

    /// Changes an account.
    pub(super) async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        audit: AuditDraft,
    ) -> Result<Changed, AccountError> {
        let changed = self
            .ports
            .accounts
            .change(id, change, link, self.now(), audit.on(id))
            .await?;
        let changed = changed.ok_or(AccountError::NotFound)??;
        self.ports.standings.changed(id);
        Ok(changed)
    }

    /// Makes a link for an account and answers its secret; absent when the account changed meanwhile.
    pub(super) async fn make_link(
        &self,
        purpose: LinkPurpose,
        account: &Account,
        audit: AuditDraft,
    ) -> Result<Option<(SecretString, Timestamp)>, AccountError> {
        let lifetime = match purpose {
            LinkPurpose::PasswordReset => self.policy.reset_lifetime,
            LinkPurpose::EmailVerification => self.policy.verification_lifetime,
            LinkPurpose::Invitation => self.policy.invitation_lifetime,
        };
        let now = self.now();
        let expires_at = later(now, lifetime);
        let made = self.ports.secrets.one_time_secret();
        let link = OneTimeLink {
            digest: made.digest,
            purpose,
            subject: LinkSubject::Account {
                account: account.id,
                email: account.email.clone(),
            },
            created_at: now,
            expires_at,
            used_at: None,
        };
        let is_stored = self.ports.links.create(link, audit.on(account.id)).await?;
        Ok(is_stored.then_some((made.secret, expires_at)))
    }
}

pub(super) fn invalid(field: &'static str, reason: impl std::fmt::Display) -> AccountError {
    AccountError::Invalid {
        field,
        reason: reason.to_string(),
    }
}

pub(super) fn invalid_password(error: InvalidPassword) -> AccountError {
    invalid("password", error)
}
