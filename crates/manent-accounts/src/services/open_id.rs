//! Signing in through an OpenID provider: which account belongs to the person that the provider shows.
//!
//! Invariant: an account that somebody can already get into otherwise (with a password, a second factor, or as another person at a provider)
//! is never given to whoever only has the same e-mail address, unless whoever runs the server said so; and an address counts only when the
//! provider vouches for it.

use std::sync::Arc;

use manent_types::UserId;

use super::context::{AccountPorts, Context};
use super::session::{OpenedSession, SessionService};
use crate::AccountError;
use crate::account::{Account, AccountProvider, NewAccount, OpenIdIdentity};
use crate::account_change::{AccountChange, AccountRefusal, CreationRefusal};
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::Origin;
use crate::email::EmailAddress;
use crate::limits::{LimitKey, LimitKind};
use crate::name::DisplayName;
use crate::policy::AccountPolicy;
use crate::role::RoleName;
use crate::username::Username;

/// The most characters of a name that is shown.
const NAME_CHARACTERS: usize = 80;

/// How often an account is looked for anew when others change it meanwhile.
const ATTEMPTS: usize = 3;

/// A person as an OpenID provider shows them; the tokens that say so were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdPerson {
    /// Who.
    pub identity: OpenIdIdentity,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// Whether the provider vouches for it.
    pub is_email_verified: bool,
    /// A short name; what cannot be one is left out.
    pub username: Option<String>,
    /// The name to be shown; what cannot be one is replaced.
    pub name: Option<String>,
    /// Whether the person shall be an administrator; absent: the provider does not decide that.
    pub is_administrator: Option<bool>,
}

/// What whoever runs the server decides about people of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdPolicy {
    /// Whether somebody without an account gets one.
    pub creates_accounts: bool,
    /// Whether the verified address is enough for an account that has a password.
    pub links_passwords: bool,
    /// The domains of the addresses that may come in, in lower case; empty: all.
    pub domains: Vec<String>,
}

impl Default for OpenIdPolicy {
    fn default() -> Self {
        Self {
            creates_accounts: true,
            links_passwords: false,
            domains: Vec::new(),
        }
    }
}

/// Why somebody whom the provider knows is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdRefusal {
    /// The provider tells no e-mail address.
    #[error("the provider tells no e-mail address")]
    EmailMissing,
    /// The provider does not vouch for the address.
    #[error("the provider does not say that the e-mail address is verified")]
    EmailNotVerified,
    /// Only addresses of other domains may come in.
    #[error("addresses of this domain may not come in")]
    DomainNotAllowed,
    /// The address has an account that belongs to another person, or that a password protects.
    #[error("there is an account with this e-mail address that is not linked to the provider")]
    AccountExists,
    /// There is no account, and none is made.
    #[error("there is no account for this person")]
    RegistrationClosed,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The provider does not give the role that is needed.
    #[error("the required role is missing")]
    RoleMissing,
}

/// Nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// The person may not come in.
    #[error(transparent)]
    Refused(#[from] OpenIdRefusal),
    /// Something else.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// What is to be done for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The account is theirs.
    Use(UserId),
    /// The account becomes theirs.
    Link(UserId),
    /// An account is made.
    Create,
}

/// Decides which account belongs to a person: the one of the identity, else the one of the verified address, else a new one.
fn decide(
    of_identity: Option<&Account>,
    of_email: Option<&Account>,
    person: &OpenIdPerson,
    policy: &OpenIdPolicy,
) -> Result<Step, OpenIdRefusal> {
    if let Some(account) = of_identity {
        return if account.is_active() {
            Ok(Step::Use(account.id))
        } else {
            Err(OpenIdRefusal::AccountDisabled)
        };
    }
    let email = person.email.as_ref().ok_or(OpenIdRefusal::EmailMissing)?;
    if !person.is_email_verified {
        return Err(OpenIdRefusal::EmailNotVerified);
    }
    if !policy.domains.is_empty() && !email.is_in(&policy.domains) {
        return Err(OpenIdRefusal::DomainNotAllowed);
    }
    let Some(account) = of_email else {
        return if policy.creates_accounts {
            Ok(Step::Create)
        } else {
            Err(OpenIdRefusal::RegistrationClosed)
        };
    };
    let is_protected = account.password.is_some() && !policy.links_passwords;
    if account.openid.is_some() || account.two_factor.is_enabled() || is_protected {
        Err(OpenIdRefusal::AccountExists)
    } else if account.is_active() {
        Ok(Step::Link(account.id))
    } else {
        Err(OpenIdRefusal::AccountDisabled)
    }
}

/// Signs people of the provider in.
#[derive(Clone)]
pub struct OpenIdService {
    context: Context,
    sessions: SessionService,
    openid: Arc<OpenIdPolicy>,
}

impl OpenIdService {
    /// A service over these ports.
    pub fn new(ports: AccountPorts, policy: Arc<AccountPolicy>, openid: OpenIdPolicy) -> Self {
        let context = Context::new(ports, policy);
        Self {
            sessions: SessionService::over(context.clone()),
            context,
            openid: Arc::new(openid),
        }
    }

    /// Counts an attempt of the address, before the provider is asked; [`Self::sign_in`] takes it back when it succeeds.
    ///
    /// # Errors
    /// When there were too many.
    pub fn attempt(&self, origin: &Origin) -> Result<(), AccountError> {
        let rate = self.context.policy.rates.sign_in_by_address;
        self.context.take_address(LimitKind::SignIn, origin, rate)
    }

    /// Signs somebody in whom the provider has just shown; makes the account if it has to.
    ///
    /// # Errors
    /// When the person may not come in, or a port fails.
    pub async fn sign_in(
        &self,
        person: &OpenIdPerson,
        origin: &Origin,
    ) -> Result<OpenedSession, OpenIdError> {
        let account = match self.account_of(person, origin).await {
            Ok(account) => self.with_role(account, person, origin).await?,
            Err(OpenIdError::Refused(refusal)) => {
                self.refused(refusal, origin).await?;
                return Err(refusal.into());
            }
            Err(error) => return Err(error),
        };
        let opened = self.sessions.open(account, origin, "openid").await;
        let opened = match opened {
            Err(AccountError::AccountDisabled) => {
                return Err(OpenIdRefusal::AccountDisabled.into());
            }
            opened => opened?,
        };
        if let Some(address) = origin.address {
            let rate = self.context.policy.rates.sign_in_by_address;
            let key = LimitKey::Address(LimitKind::SignIn, address);
            self.context.ports.limiter.put_back(&key, rate);
        }
        Ok(opened)
    }

    /// The account of somebody whom the provider shows, linked or made if it has to be. Roles stay as they are.
    ///
    /// # Errors
    /// When the person may not come in, or a port fails.
    pub async fn account_of(
        &self,
        person: &OpenIdPerson,
        origin: &Origin,
    ) -> Result<Account, OpenIdError> {
        let accounts = &self.context.ports.accounts;
        for _ in 0..ATTEMPTS {
            let of_identity = accounts.find_by_openid(&person.identity).await;
            let of_identity = of_identity.map_err(AccountError::from)?;
            let of_email = match &person.email {
                Some(email) if of_identity.is_none() => accounts.find_by_email(email).await,
                _ => Ok(None),
            };
            let of_email = of_email.map_err(AccountError::from)?;
            let step = decide(
                of_identity.as_ref(),
                of_email.as_ref(),
                person,
                &self.openid,
            )?;
            let found = match (step, &person.email) {
                (Step::Use(_), _) => of_identity,
                (Step::Link(id), _) => self.link(id, person, origin).await?,
                (Step::Create, Some(email)) => self.create(email, person, origin).await?,
                (Step::Create, None) => return Err(OpenIdRefusal::EmailMissing.into()),
            };
            // Somebody else did something about it at the same time: look again.
            if let Some(account) = found {
                return Ok(account);
            }
        }
        Err(OpenIdRefusal::AccountExists.into())
    }

    /// Writes into the audit log that somebody was not let in.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn refused(
        &self,
        reason: impl std::fmt::Display,
        origin: &Origin,
    ) -> Result<(), AccountError> {
        let draft = AuditDraft::new(AuditKind::SignInRefused)
            .by(None, origin.address)
            .with("method", "openid")
            .with("reason", reason);
        let now = self.context.now();
        self.context.ports.audit.append(draft, now).await?;
        Ok(())
    }

    /// `None` when the person or the account belongs to somebody meanwhile.
    async fn link(
        &self,
        id: UserId,
        person: &OpenIdPerson,
        origin: &Origin,
    ) -> Result<Option<Account>, AccountError> {
        let audit = AuditDraft::new(AuditKind::OpenIdLinked)
            .by(Some(id), origin.address)
            .with("issuer", &person.identity.issuer)
            .with("subject", &person.identity.subject);
        let change = AccountChange::LinkOpenId(person.identity.clone());
        match self.context.change(id, change, None, audit).await {
            Ok(changed) => Ok(Some(changed.account)),
            Err(AccountError::Refused(AccountRefusal::OpenIdTaken) | AccountError::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// `None` when there is an account meanwhile.
    async fn create(
        &self,
        email: &EmailAddress,
        person: &OpenIdPerson,
        origin: &Origin,
    ) -> Result<Option<Account>, AccountError> {
        let Context { ports, policy } = &self.context;
        let username = person.username.as_deref().and_then(username);
        let new = NewAccount {
            id: UserId::new(ports.ids.next()),
            id_if_first: policy.first_account,
            email: email.clone(),
            email_verified: true,
            name: display_name(person.name.as_deref(), username.as_ref(), email)?,
            username,
            role: RoleName::user(),
            provider: AccountProvider::OpenId,
            openid: Some(person.identity.clone()),
            password: None,
            verification: None,
        };
        let issuer = &person.identity.issuer;
        let made = AuditDraft::new(AuditKind::AccountCreated)
            .by(None, origin.address)
            .with("issuer", issuer);
        let refused = AuditDraft::new(AuditKind::SignUpRefused)
            .by(None, origin.address)
            .with("issuer", issuer);
        let created = ports
            .accounts
            .create(new, None, self.context.now(), made, refused)
            .await?;
        match created {
            Ok(account) => Ok(Some(account)),
            Err(CreationRefusal::EmailTaken(_) | CreationRefusal::OpenIdTaken(_)) => Ok(None),
            Err(CreationRefusal::InvitationInvalid) => Err(AccountError::InvitationInvalid),
        }
    }

    /// The account with the role that the provider wants it to have. The last administrator stays one.
    async fn with_role(
        &self,
        account: Account,
        person: &OpenIdPerson,
        origin: &Origin,
    ) -> Result<Account, AccountError> {
        let role = match (person.is_administrator, account.role.is_admin()) {
            (Some(true), false) => RoleName::admin(),
            (Some(false), true) => RoleName::user(),
            _ => return Ok(account),
        };
        let audit = AuditDraft::new(AuditKind::RoleChanged)
            .by(Some(account.id), origin.address)
            .with("role", &role)
            .with("issuer", &person.identity.issuer);
        let change = AccountChange::Role(role);
        match self.context.change(account.id, change, None, audit).await {
            Ok(changed) => Ok(changed.account),
            Err(AccountError::Refused(AccountRefusal::LastAdministrator)) => Ok(account),
            Err(error) => Err(error),
        }
    }
}

fn username(text: &str) -> Option<Username> {
    Username::parse(text).ok()
}

/// The provider's name for the person without what names cannot have, else the user name, else what stands before the `@`.
fn display_name(
    name: Option<&str>,
    username: Option<&Username>,
    email: &EmailAddress,
) -> Result<DisplayName, AccountError> {
    let cut = |text: &str| -> String {
        let visible = text
            .trim()
            .chars()
            .filter(|character| !character.is_control());
        visible.take(NAME_CHARACTERS).collect()
    };
    let before_at = email.as_str().split('@').next().unwrap_or_default();
    [name, username.map(Username::as_str), Some(before_at)]
        .into_iter()
        .flatten()
        .find_map(|text| DisplayName::parse(&cut(text)).ok())
        .ok_or(AccountError::Invalid {
            field: "name",
            reason: "the provider tells none".to_owned(),
        })
}

#[cfg(test)]
mod tests;
