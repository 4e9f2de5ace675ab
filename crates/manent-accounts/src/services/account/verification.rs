//! Showing that an e-mail address is one's own.

use secrecy::{ExposeSecret, SecretString};

use super::super::context::Context;
use super::AccountService;
use crate::AccountError;
use crate::account::Account;
use crate::account_change::AccountChange;
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::Origin;
use crate::limits::LimitKind;
use crate::one_time_link::LinkPurpose;
use crate::ports::{Mail, MailContent};
use crate::secret::SecretDigest;

impl AccountService {
    /// Verifies an address with the secret of a link that went there.
    ///
    /// # Errors
    /// [`AccountError::LinkInvalid`], too often, or the store fails.
    pub async fn verify_email(
        &self,
        secret: &SecretString,
        origin: &Origin,
    ) -> Result<Account, AccountError> {
        let Context { ports, policy } = &self.context;
        self.context
            .take_address(LimitKind::Link, origin, policy.rates.link)?;
        let digest = SecretDigest::of(secret.expose_secret().as_bytes());
        let link = ports.links.find(digest).await?;
        let account = link.and_then(|link| link.account());
        let account = account.ok_or(AccountError::LinkInvalid)?;
        let audit = AuditDraft::new(AuditKind::EmailVerified).by(Some(account), origin.address);
        let change = AccountChange::VerifyEmail;
        let changed = self
            .context
            .change(account, change, Some(digest), audit)
            .await?;
        Ok(changed.account)
    }

    /// Sends another link that verifies an address, where mail is configured and the address waits for it. The answer is the same where not;
    /// the time is not, so a surface answers without waiting for this.
    ///
    /// # Errors
    /// Too often, or a port fails.
    pub async fn resend_verification(
        &self,
        email: &str,
        origin: &Origin,
    ) -> Result<(), AccountError> {
        let account = self.account_for_mail(email, origin).await?;
        let Some(account) = account.filter(|account| !account.email_verified) else {
            return Ok(());
        };
        let audit = AuditDraft::new(AuditKind::VerificationRequested).by(None, origin.address);
        let purpose = LinkPurpose::EmailVerification;
        if let Some((secret, _)) = self.context.make_link(purpose, &account, audit).await? {
            self.context.ports.mailer.send(Mail {
                to: account.email,
                name: Some(account.name.as_str().to_owned()),
                content: MailContent::EmailVerification { secret },
            });
        }
        Ok(())
    }
}
