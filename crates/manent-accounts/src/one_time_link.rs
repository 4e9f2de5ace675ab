//! Links that do one thing once: reset a password, verify an address, invite somebody.

use manent_types::{Timestamp, UserId};

use crate::email::EmailAddress;
use crate::role::RoleName;
use crate::secret::SecretDigest;

coded! {
    /// What a link does.
    LinkPurpose {
        /// Sets a new password.
        PasswordReset = "password_reset",
        /// Shows that an e-mail address is the person's.
        EmailVerification = "email_verification",
        /// Lets somebody sign up.
        Invitation = "invitation",
    }
}

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkSubject {
    /// An account, and the address that it had when the link was made: the link dies when the address changes.
    Account {
        /// Which.
        account: UserId,
        /// Its address then.
        email: EmailAddress,
    },
    /// Somebody who has no account yet.
    Invited {
        /// The only address that may sign up with it; absent: anybody who has the link.
        email: Option<EmailAddress>,
        /// The role that the new account gets.
        role: RoleName,
        /// The administrator who invited.
        by: Option<UserId>,
    },
}

/// A link as it is stored. Its secret went out once and is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeLink {
    /// Of its secret; unique.
    pub digest: SecretDigest,
    /// What it does.
    pub purpose: LinkPurpose,
    /// For whom.
    pub subject: LinkSubject,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it does nothing.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// The link does nothing (any more); one answer for all reasons, so that guessing tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link is invalid, was used, or has expired")]
pub struct LinkRefused;

impl OneTimeLink {
    /// Whether it may be used for this now.
    ///
    /// # Errors
    /// When it is for something else, was used, or has expired.
    pub fn check(&self, purpose: LinkPurpose, now: Timestamp) -> Result<(), LinkRefused> {
        if self.purpose == purpose && self.used_at.is_none() && now < self.expires_at {
            Ok(())
        } else {
            Err(LinkRefused)
        }
    }

    /// The account that it is for.
    pub const fn account(&self) -> Option<UserId> {
        match &self.subject {
            LinkSubject::Account { account, .. } => Some(*account),
            LinkSubject::Invited { .. } => None,
        }
    }

    /// Whether it is an invitation for this very address, and not for anybody.
    pub fn names(&self, address: &EmailAddress) -> bool {
        matches!(&self.subject, LinkSubject::Invited { email: Some(email), .. } if email.is_same_as(address))
    }

    /// The role that it invites to, if this address may use it as an invitation.
    pub fn invites(&self, address: &EmailAddress) -> Option<&RoleName> {
        match &self.subject {
            LinkSubject::Invited { email, role, .. }
                if email.as_ref().is_none_or(|email| email.is_same_as(address)) =>
            {
                Some(role)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn invitation() -> OneTimeLink {
        OneTimeLink {
            digest: SecretDigest::of(b"secret"),
            purpose: LinkPurpose::Invitation,
            subject: LinkSubject::Invited {
                email: Some(EmailAddress::parse("ada@example.org").unwrap()),
                role: RoleName::user(),
                by: None,
            },
            created_at: at(0),
            expires_at: at(100),
            used_at: None,
        }
    }

    #[test]
    fn works_once_for_its_purpose_before_its_end() {
        let link = invitation();
        assert_eq!(link.check(LinkPurpose::Invitation, at(99)), Ok(()));
        assert_eq!(
            link.check(LinkPurpose::Invitation, at(100)),
            Err(LinkRefused)
        );
        assert_eq!(
            link.check(LinkPurpose::PasswordReset, at(1)),
            Err(LinkRefused)
        );
        let used = OneTimeLink {
            used_at: Some(at(5)),
            ..link
        };
        assert_eq!(used.check(LinkPurpose::Invitation, at(6)), Err(LinkRefused));
    }

    #[test]
    fn invites_the_named_address_alone() {
        let link = invitation();
        let other = EmailAddress::parse("eve@example.org").unwrap();
        let ada = EmailAddress::parse("Ada@example.org").unwrap();
        assert_eq!(link.invites(&ada), Some(&RoleName::user()));
        assert_eq!(link.invites(&other), None);
    }
}
