//! Changing a password that one knows, and resetting one that one does not.

use manent_types::UserId;
use secrecy::{ExposeSecret, SecretString};

use super::super::context::Context;
use super::super::context::invalid_password;
use super::super::sign_in::limited_text;
use super::AccountService;
use crate::AccountError;
use crate::account::{Account, AccountProvider};
use crate::account_change::{AccountChange, PasswordSource};
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::{Caller, Origin};
use crate::email::EmailAddress;
use crate::limits::{LimitKey, LimitKind};
use crate::one_time_link::LinkPurpose;
use crate::password::Password;
use crate::ports::{Mail, MailContent};
use crate::secret::SecretDigest;

impl AccountService {
    /// Changes the caller's password. All other sessions end.
    ///
    /// # Errors
    /// When the old one is wrong, the new one outside the policy, the caller is no person, too often, or a port fails.
    pub async fn change_password(
        &self,
        caller: &Caller,
        old: SecretString,
        new: SecretString,
    ) -> Result<Account, AccountError> {
        let (owner, session) = caller.require_session()?;
        let old = Password::presented(old).map_err(invalid_password)?;
        let new = self.context.new_password(new)?;
        let account = self.context.active_account(owner).await?;
        let old = self.check_password(&account, &old).await?;
        let change = AccountChange::Password {
            hash: self.context.ports.hasher.hash(&new).await?,
            source: PasswordSource::Owner {
                old,
                session: Some(session),
            },
        };
        let audit = caller.audit(AuditKind::PasswordChanged);
        let changed = self.context.change(owner, change, None, audit).await?;
        self.tell_changed_password(&changed.account);
        Ok(changed.account)
    }

    /// Sends a link that resets the password, where mail is configured and the address has an account that signs in with one. The answer is
    /// the same where not; the time is not, so a surface answers without waiting for this.
    ///
    /// # Errors
    /// Too often, or a port fails.
    pub async fn request_reset(&self, email: &str, origin: &Origin) -> Result<(), AccountError> {
        let account = self.account_for_mail(email, origin).await?;
        let has_password = |account: &Account| {
            account.password.is_some() || account.provider == AccountProvider::Local
        };
        let Some(account) = account.filter(has_password) else {
            return Ok(());
        };
        let audit = AuditDraft::new(AuditKind::PasswordResetRequested).by(None, origin.address);
        let link = self
            .context
            .make_link(LinkPurpose::PasswordReset, &account, audit)
            .await?;
        if let Some((secret, _)) = link {
            self.context.ports.mailer.send(Mail {
                to: account.email,
                name: Some(account.name.as_str().to_owned()),
                content: MailContent::PasswordReset {
                    account: account.id,
                    secret,
                },
            });
        }
        Ok(())
    }

    /// Sets a new password with the secret of a link. All sessions end, the account's API keys are revoked (who needs a link may need it because
    /// somebody else was in, and a key would stay), and nobody is signed in by it.
    ///
    /// # Errors
    /// [`AccountError::LinkInvalid`], the password is outside the policy, too often, or a port fails.
    pub async fn reset_password(
        &self,
        secret: &SecretString,
        new: SecretString,
        origin: &Origin,
    ) -> Result<Account, AccountError> {
        let Context { ports, policy } = &self.context;
        self.context
            .take_address(LimitKind::Link, origin, policy.rates.link)?;
        let new = self.context.new_password(new)?;
        let digest = SecretDigest::of(secret.expose_secret().as_bytes());
        let link = ports.links.find(digest).await?;
        // Looked at before the password is hashed, which is dear; decided again in the unit that uses the link up.
        let link = link.filter(|link| {
            link.check(LinkPurpose::PasswordReset, self.context.now())
                .is_ok()
        });
        let account = link.and_then(|link| link.account());
        let account = account.ok_or(AccountError::LinkInvalid)?;
        let change = AccountChange::Password {
            hash: ports.hasher.hash(&new).await?,
            source: PasswordSource::Link,
        };
        let audit = AuditDraft::new(AuditKind::PasswordReset).by(Some(account), origin.address);
        let changed = self
            .context
            .change(account, change, Some(digest), audit)
            .await?;
        self.revoke_keys(account, origin).await?;
        self.tell_changed_password(&changed.account);
        Ok(changed.account)
    }

    async fn revoke_keys(&self, account: UserId, origin: &Origin) -> Result<(), AccountError> {
        let ports = &self.context.ports;
        let now = self.context.now();
        for key in ports.api_keys.list(account).await? {
            let audit = AuditDraft::new(AuditKind::ApiKeyRevoked)
                .by(Some(account), origin.address)
                .on(account)
                .with("revoked", key.id)
                .with("reason", "password reset");
            ports.api_keys.revoke(account, key.id, now, audit).await?;
        }
        ports.standings.changed(account);
        Ok(())
    }

    /// The active account with this address, if a mail may go there. Counts the address that asks and the address that is asked for.
    pub(super) async fn account_for_mail(
        &self,
        email: &str,
        origin: &Origin,
    ) -> Result<Option<Account>, AccountError> {
        let Context { ports, policy } = &self.context;
        let rate = policy.rates.mail;
        self.context.take_address(LimitKind::Mail, origin, rate)?;
        self.context
            .take(LimitKey::Email(LimitKind::Mail, limited_text(email)), rate)?;
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(None);
        };
        if !ports.mailer.is_configured() {
            return Ok(None);
        }
        let account = ports.accounts.find_by_email(&email).await?;
        Ok(account.filter(Account::is_active))
    }

    fn tell_changed_password(&self, account: &Account) {
        let mailer = &self.context.ports.mailer;
        if mailer.is_configured() {
            mailer.send(Mail {
                to: account.email.clone(),
                name: Some(account.name.as_str().to_owned()),
                content: MailContent::PasswordChanged,
            });
        }
    }
}
