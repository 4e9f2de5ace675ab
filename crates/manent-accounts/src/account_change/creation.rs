//! Making an account.

use manent_types::{Timestamp, UserId};

use crate::account::{Account, AccountStatus, NewAccount};
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::role::RoleName;
use crate::two_factor::TwoFactor;

/// What a store must tell about itself before an account can be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreationFacts {
    /// Whether there is any account.
    pub has_accounts: bool,
    /// The account with the new one's e-mail address.
    pub same_email: Option<UserId>,
    /// The account that is the same person at the same OpenID provider.
    pub same_openid: Option<UserId>,
    /// The link with the digest that was given as an invitation, if there is one.
    pub invitation: Option<OneTimeLink>,
}

/// Why an account is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreationRefusal {
    /// Another account has the e-mail address. Never to be told to whoever signs up.
    #[error("there is an account with this e-mail address")]
    EmailTaken(UserId),
    /// Another account is the same person at the OpenID provider.
    #[error("there is an account for this person at the provider")]
    OpenIdTaken(UserId),
    /// The invitation is not for this address, was used, has expired, or never was.
    #[error("the invitation is invalid, was used, or has expired")]
    InvitationInvalid,
}

/// What a store writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationPlan {
    /// The account to insert. The row of its owner is there already when it takes over what mode `local` kept.
    pub account: Account,
    /// The invitation, used up now; to be written in place of the row that is there.
    pub invitation: Option<OneTimeLink>,
    /// The link that verifies the address; to be inserted.
    pub verification: Option<OneTimeLink>,
}

/// Decides about a new account. `is_invited`: it comes with an invitation and must not be made without it. An invitation for the very address
/// verifies it.
///
/// # Errors
/// When it must not be made.
pub fn plan_creation(
    facts: CreationFacts,
    new: NewAccount,
    is_invited: bool,
    now: Timestamp,
) -> Result<CreationPlan, CreationRefusal> {
    let mut role = new.role;
    let mut email_verified = new.email_verified;
    let mut invitation = None;
    if is_invited {
        let link = facts.invitation.ok_or(CreationRefusal::InvitationInvalid)?;
        link.check(LinkPurpose::Invitation, now)
            .map_err(|_| CreationRefusal::InvitationInvalid)?;
        role = link
            .invites(&new.email)
            .ok_or(CreationRefusal::InvitationInvalid)?
            .clone();
        email_verified |= link.names(&new.email);
        invitation = Some(OneTimeLink {
            used_at: Some(now),
            ..link
        });
    }
    if let Some(account) = facts.same_openid {
        return Err(CreationRefusal::OpenIdTaken(account));
    }
    if let Some(account) = facts.same_email {
        return Err(CreationRefusal::EmailTaken(account));
    }
    let mut id = new.id;
    if !facts.has_accounts {
        role = RoleName::admin();
        id = new.id_if_first.unwrap_or(id);
    }
    let verification = new.verification.filter(|_| !email_verified);
    Ok(CreationPlan {
        verification: verification.map(|verification| OneTimeLink {
            digest: verification.digest,
            purpose: LinkPurpose::EmailVerification,
            subject: LinkSubject::Account {
                account: id,
                email: new.email.clone(),
            },
            created_at: now,
            expires_at: verification.expires_at,
            used_at: None,
        }),
        account: Account {
            id,
            email: new.email,
            email_verified,
            username: new.username,
            name: new.name,
            role,
            status: AccountStatus::Active,
            provider: new.provider,
            openid: new.openid,
            password: new.password,
            two_factor: TwoFactor::default(),
            terms_accepted_at: None,
            created_at: now,
            updated_at: now,
        },
        invitation,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::account::{AccountProvider, NewVerification};
    use crate::email::EmailAddress;
    use crate::name::DisplayName;
    use crate::secret::SecretDigest;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    fn new() -> NewAccount {
        NewAccount {
            id: user(1),
            id_if_first: Some(user(9)),
            email: EmailAddress::parse("ada@example.org").unwrap(),
            email_verified: false,
            username: None,
            name: DisplayName::parse("Ada").unwrap(),
            role: RoleName::user(),
            provider: AccountProvider::Local,
            openid: None,
            password: None,
            verification: Some(NewVerification {
                digest: SecretDigest::of(b"verification"),
                expires_at: at(50),
            }),
        }
    }

    fn invitation() -> OneTimeLink {
        OneTimeLink {
            digest: SecretDigest::of(b"secret"),
            purpose: LinkPurpose::Invitation,
            subject: LinkSubject::Invited {
                email: Some(new().email),
                role: RoleName::parse("guest").unwrap(),
                by: None,
            },
            created_at: at(0),
            expires_at: at(100),
            used_at: None,
        }
    }

    #[test]
    fn the_first_account_is_an_administrator_and_takes_over_the_local_owner() {
        let plan = plan_creation(CreationFacts::default(), new(), false, at(5)).unwrap();
        assert_eq!(
            (plan.account.id, plan.account.role),
            (user(9), RoleName::admin())
        );
        let facts = CreationFacts {
            has_accounts: true,
            ..CreationFacts::default()
        };
        let plan = plan_creation(facts, new(), false, at(5)).unwrap();
        assert_eq!(
            (plan.account.id, plan.account.role),
            (user(1), RoleName::user())
        );
    }

    #[test]
    fn the_link_that_verifies_the_address_is_made_with_the_account() {
        let plan = plan_creation(CreationFacts::default(), new(), false, at(5)).unwrap();
        assert_eq!(
            plan.verification,
            Some(OneTimeLink {
                digest: SecretDigest::of(b"verification"),
                purpose: LinkPurpose::EmailVerification,
                subject: LinkSubject::Account {
                    account: user(9),
                    email: new().email
                },
                created_at: at(5),
                expires_at: at(50),
                used_at: None,
            })
        );
    }

    #[test]
    fn a_taken_address_is_refused() {
        let facts = CreationFacts {
            has_accounts: true,
            same_email: Some(user(2)),
            ..CreationFacts::default()
        };
        assert_eq!(
            plan_creation(facts, new(), false, at(5)),
            Err(CreationRefusal::EmailTaken(user(2)))
        );
    }

    #[test]
    fn an_invitation_is_used_up_with_the_account_that_it_made() {
        let facts = |link: OneTimeLink| CreationFacts {
            has_accounts: true,
            invitation: Some(link),
            ..CreationFacts::default()
        };
        let plan = plan_creation(facts(invitation()), new(), true, at(5)).unwrap();
        assert_eq!(plan.account.role, RoleName::parse("guest").unwrap());
        assert!(plan.account.email_verified);
        assert_eq!(plan.verification, None);
        let used = plan.invitation.unwrap();
        assert_eq!(used.used_at, Some(at(5)));
        for (facts, now) in [
            (facts(used), at(6)),
            (facts(invitation()), at(100)),
            (CreationFacts::default(), at(5)),
        ] {
            assert_eq!(
                plan_creation(facts, new(), true, now),
                Err(CreationRefusal::InvitationInvalid)
            );
        }
    }
}
