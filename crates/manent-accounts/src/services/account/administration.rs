//! What administrators do with accounts.

use manent_domain::conversation::Page;
use manent_types::UserId;
use secrecy::SecretString;

use super::super::context::{Context, invalid};
use super::super::sign_up::username;
use super::{AccountService, PrintedLink};
use crate::AccountError;
use crate::account::{Account, AccountProvider, AccountStatus, NewAccount};
use crate::account_change::{AccountChange, AccountRefusal, CreationRefusal, PasswordSource};
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::email::EmailAddress;
use crate::name::DisplayName;
use crate::one_time_link::LinkPurpose;
use crate::role::RoleName;

/// Somebody whom an administrator gives an account.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The name that is to be shown.
    pub name: String,
    /// A short name; empty like absent.
    pub username: Option<String>,
    /// The e-mail address; counts as verified.
    pub email: String,
    /// The password; absent: a link that sets one is wanted ([`AccountService::reset_link`]).
    pub password: Option<SecretString>,
    /// The role.
    pub role: RoleName,
}

impl AccountService {
    /// Makes an account. The very first one is an administrator's, whatever role was asked for.
    ///
    /// # Errors
    /// When the caller may not administer, a field is outside its rules, the address has an account, or a port fails.
    pub async fn add(&self, caller: &Caller, person: NewPerson) -> Result<Account, AccountError> {
        caller.require_admin()?;
        let Context { ports, policy } = &self.context;
        let password = person
            .password
            .map(|password| self.context.new_password(password));
        let email = EmailAddress::parse(&person.email).map_err(|error| invalid("email", error))?;
        let mut new = NewAccount {
            id: UserId::new(ports.ids.next()),
            id_if_first: policy.first_account,
            email,
            email_verified: true,
            username: username(person.username.as_deref())?,
            name: DisplayName::parse(&person.name).map_err(|error| invalid("name", error))?,
            role: self.context.known_role(person.role).await?,
            provider: AccountProvider::Local,
            openid: None,
            password: None,
            verification: None,
        };
        if let Some(password) = password.transpose()? {
            new.password = Some(ports.hasher.hash(&password).await?);
        }
        let made = caller.audit(AuditKind::AccountCreated);
        let refused = caller.audit(AuditKind::SignUpRefused);
        let created = ports
            .accounts
            .create(new, None, self.context.now(), made, refused)
            .await?;
        created.map_err(|refusal| match refusal {
            CreationRefusal::EmailTaken(_) => AccountRefusal::EmailTaken.into(),
            CreationRefusal::OpenIdTaken(_) => AccountRefusal::OpenIdTaken.into(),
            CreationRefusal::InvitationInvalid => AccountError::InvitationInvalid,
        })
    }

    /// At most `limit` (held between 1 and 200) accounts by e-mail address, after the given one.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, AccountError> {
        caller.require_admin()?;
        Ok(self
            .context
            .ports
            .accounts
            .list(after, limit.clamp(1, 200))
            .await?)
    }

    /// One account.
    ///
    /// # Errors
    /// When the caller may not administer, there is none, or the store fails.
    pub async fn find(&self, caller: &Caller, id: UserId) -> Result<Account, AccountError> {
        caller.require_admin()?;
        let account = self.context.ports.accounts.find(id).await?;
        account.ok_or(AccountError::NotFound)
    }

    /// The account with this e-mail address.
    ///
    /// # Errors
    /// When the caller may not administer, there is none, or the store fails.
    pub async fn find_by_email(
        &self,
        caller: &Caller,
        email: &str,
    ) -> Result<Account, AccountError> {
        caller.require_admin()?;
        let email = EmailAddress::parse(email).map_err(|error| invalid("email", error))?;
        let account = self.context.ports.accounts.find_by_email(&email).await?;
        account.ok_or(AccountError::NotFound)
    }

    /// Gives somebody a role; `ADMIN` makes an administrator.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such account or role, it is the last administrator, or the store fails.
    pub async fn set_role(
        &self,
        caller: &Caller,
        id: UserId,
        role: RoleName,
    ) -> Result<Account, AccountError> {
        caller.require_admin_in_person()?;
        let role = self.context.known_role(role).await?;
        let audit = caller.audit(AuditKind::RoleChanged).with("role", &role);
        let change = AccountChange::Role(role);
        Ok(self.context.change(id, change, None, audit).await?.account)
    }

    /// Disables somebody's account, which ends all its sessions, or enables it again.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such account, it is the last administrator, or the store fails.
    pub async fn set_status(
        &self,
        caller: &Caller,
        id: UserId,
        status: AccountStatus,
    ) -> Result<Account, AccountError> {
        caller.require_admin()?;
        let audit = caller.audit(match status {
            AccountStatus::Active => AuditKind::AccountEnabled,
            AccountStatus::Disabled => AuditKind::AccountDisabled,
        });
        let change = AccountChange::Status(status);
        Ok(self.context.change(id, change, None, audit).await?.account)
    }

    /// Sets somebody's password. All sessions end.
    ///
    /// # Errors
    /// When the caller may not administer, the password is outside the policy, there is no such account, or a port fails.
    pub async fn set_password(
        &self,
        caller: &Caller,
        id: UserId,
        new: SecretString,
    ) -> Result<Account, AccountError> {
        caller.require_admin_in_person()?;
        let new = self.context.new_password(new)?;
        let change = AccountChange::Password {
            hash: self.context.ports.hasher.hash(&new).await?,
            source: PasswordSource::Administrator,
        };
        let audit = caller.audit(AuditKind::PasswordReset);
        Ok(self.context.change(id, change, None, audit).await?.account)
    }

    /// A link that sets a password, to be handed to its person: how passwords are reset where no mail is configured.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such active account, or the store fails.
    pub async fn reset_link(
        &self,
        caller: &Caller,
        id: UserId,
    ) -> Result<PrintedLink, AccountError> {
        caller.require_admin_in_person()?;
        let account = self.context.ports.accounts.find(id).await?;
        let account = account.ok_or(AccountError::NotFound)?;
        let audit = caller.audit(AuditKind::PasswordResetRequested);
        let link = self
            .context
            .make_link(LinkPurpose::PasswordReset, &account, audit)
            .await?;
        let (secret, expires_at) = link.ok_or(AccountError::AccountDisabled)?;
        Ok(PrintedLink {
            account,
            secret,
            expires_at,
        })
    }

    /// Deletes somebody's account and everything that it owns.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such account, it is the last administrator, or the store fails.
    pub async fn delete_account(&self, caller: &Caller, id: UserId) -> Result<(), AccountError> {
        caller.require_admin()?;
        self.delete(caller, id).await
    }
}
