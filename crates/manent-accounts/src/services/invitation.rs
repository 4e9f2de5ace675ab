//! Invitations: links that let somebody sign up.

use std::sync::Arc;

use manent_types::Timestamp;
use secrecy::SecretString;

use super::context::{AccountPorts, Context, invalid};
use crate::AccountError;
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::email::EmailAddress;
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::policy::AccountPolicy;
use crate::ports::{Mail, MailContent};
use crate::role::RoleName;
use crate::secret::SecretDigest;
use crate::time::later;

/// An invitation that was just made.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The link's secret, to be handed to the person.
    pub secret: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was mailed too.
    pub is_mailed: bool,
}

/// Makes and takes back invitations.
#[derive(Clone)]
pub struct InvitationService {
    context: Context,
}

impl InvitationService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Invites somebody: the owner of an address, who also gets a mail where it is configured, or anybody who has the link.
    ///
    /// # Errors
    /// When the caller may not administer, the address is none, there is no such role, or the store fails.
    pub async fn invite(
        &self,
        caller: &Caller,
        email: Option<&str>,
        role: RoleName,
    ) -> Result<Invitation, AccountError> {
        caller.require_admin()?;
        let Context { ports, policy } = &self.context;
        let email = email.map(EmailAddress::parse).transpose();
        let email = email.map_err(|error| invalid("email", error))?;
        let role = self.context.known_role(role).await?;
        let now = self.context.now();
        let expires_at = later(now, policy.invitation_lifetime);
        let made = ports.secrets.one_time_secret();
        let audit = caller.audit(AuditKind::Invited).with("role", &role);
        let link = OneTimeLink {
            digest: made.digest,
            purpose: LinkPurpose::Invitation,
            subject: LinkSubject::Invited {
                email: email.clone(),
                role,
                by: caller.account(),
            },
            created_at: now,
            expires_at,
            used_at: None,
        };
        ports.links.create(link, audit).await?;
        let to = email.filter(|_| ports.mailer.is_configured());
        let is_mailed = to.is_some();
        if let Some(to) = to {
            ports.mailer.send(Mail {
                to,
                name: None,
                content: MailContent::Invitation {
                    secret: made.secret.clone(),
                },
            });
        }
        Ok(Invitation {
            secret: made.secret,
            expires_at,
            is_mailed,
        })
    }

    /// At most 200 unused invitations that have not expired, the newest first; each is known by its digest.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<OneTimeLink>, AccountError> {
        caller.require_admin()?;
        let links = &self.context.ports.links;
        let now = self.context.now();
        Ok(links.list(LinkPurpose::Invitation, now, 200).await?)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// When the caller may not administer, there is no such unused invitation, or the store fails.
    pub async fn revoke(&self, caller: &Caller, digest: SecretDigest) -> Result<(), AccountError> {
        caller.require_admin()?;
        let audit = caller.audit(AuditKind::InvitationRevoked);
        let links = &self.context.ports.links;
        if links.revoke(digest, self.context.now(), audit).await? {
            Ok(())
        } else {
            Err(AccountError::NotFound)
        }
    }
}
