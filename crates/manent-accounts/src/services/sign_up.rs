//! Signing up.
//!
//! Invariant: the answer, and the work done for it, is the same whether or not the address has an account. The address's owner alone is told,
//! by mail.

use std::sync::Arc;

use manent_types::UserId;
use secrecy::{ExposeSecret, SecretString};

use super::context::{AccountPorts, Context, invalid};
use crate::AccountError;
use crate::account::{AccountProvider, NewAccount, NewVerification};
use crate::account_change::CreationRefusal;
use crate::audit::{AuditDraft, AuditKind};
use crate::caller::Origin;
use crate::email::EmailAddress;
use crate::limits::LimitKind;
use crate::name::DisplayName;
use crate::policy::{AccountPolicy, SignUpMode};
use crate::ports::{Mail, MailContent};
use crate::role::RoleName;
use crate::secret::SecretDigest;
use crate::time::later;
use crate::username::Username;

/// What somebody who signs up says.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The name that is to be shown.
    pub name: String,
    /// A short name; empty like absent.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The secret of an invitation.
    pub invitation: Option<SecretString>,
}

/// Signs people up.
#[derive(Clone)]
pub struct SignUpService {
    context: Context,
}

impl SignUpService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Signs somebody up; nobody is signed in by it. Where the address has an account already, nothing is made, its owner gets a mail, and the
    /// answer is the same.
    ///
    /// # Errors
    /// When nobody or not this person may sign up, when a field is outside its rules, too often, or when a port fails.
    pub async fn sign_up(&self, request: SignUp, origin: &Origin) -> Result<(), AccountError> {
        let Context { ports, policy } = &self.context;
        if !policy.passwords {
            return Err(AccountError::PasswordsOff);
        }
        let is_invited = request.invitation.is_some();
        if !is_invited && policy.sign_up == SignUpMode::Off {
            return Err(AccountError::SignUpOff);
        }
        let name = DisplayName::parse(&request.name).map_err(|error| invalid("name", error))?;
        let username = username(request.username.as_deref())?;
        let email = EmailAddress::parse(&request.email).map_err(|error| invalid("email", error))?;
        let password = self.context.new_password(request.password)?;
        match &policy.sign_up {
            _ if is_invited => {}
            SignUpMode::On => {}
            SignUpMode::Off => return Err(AccountError::SignUpOff),
            SignUpMode::Invitation => return Err(AccountError::InvitationInvalid),
            SignUpMode::Domains(domains) if email.is_in(domains) => {}
            SignUpMode::Domains(_) => return Err(AccountError::DomainNotAllowed),
        }
        let rate = policy.rates.sign_up;
        self.context.take_address(LimitKind::SignUp, origin, rate)?;

        let hash = ports.hasher.hash(&password).await?;
        let verification = ports.secrets.one_time_secret();
        let now = self.context.now();
        let wants_verification = ports.mailer.is_configured();
        let new = NewAccount {
            id: UserId::new(ports.ids.next()),
            id_if_first: policy.first_account,
            email: email.clone(),
            email_verified: !wants_verification,
            username,
            name: name.clone(),
            role: RoleName::user(),
            provider: AccountProvider::Local,
            openid: None,
            password: Some(hash),
            verification: Some(NewVerification {
                digest: verification.digest,
                expires_at: later(now, policy.verification_lifetime),
            }),
        };
        let invitation = request.invitation.as_ref();
        let invitation =
            invitation.map(|secret| SecretDigest::of(secret.expose_secret().as_bytes()));
        let made = AuditDraft::new(AuditKind::AccountCreated).by(None, origin.address);
        let refused = AuditDraft::new(AuditKind::SignUpRefused).by(None, origin.address);
        let created = ports
            .accounts
            .create(new, invitation, now, made, refused)
            .await?;
        let content = match created {
            Ok(account) if account.email_verified => return Ok(()),
            Ok(_) => MailContent::EmailVerification {
                secret: verification.secret,
            },
            Err(CreationRefusal::EmailTaken(_)) => MailContent::SignUpWithKnownAddress,
            Err(CreationRefusal::InvitationInvalid) => {
                return Err(AccountError::InvitationInvalid);
            }
            // There is no such identity in the request.
            Err(CreationRefusal::OpenIdTaken(_)) => return Err(AccountError::Forbidden),
        };
        if wants_verification {
            ports.mailer.send(Mail {
                to: email,
                name: Some(name.as_str().to_owned()),
                content,
            });
        }
        Ok(())
    }
}

/// An empty user name is none.
pub(super) fn username(text: Option<&str>) -> Result<Option<Username>, AccountError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(Username::parse)
        .transpose()
        .map_err(|error| invalid("username", error))
}

#[cfg(test)]
mod tests;
