//! Changing and deleting an account.

use std::time::Duration;

use manent_types::{SessionId, Timestamp, UserId};

use crate::account::{Account, AccountStatus, OpenIdIdentity};
use crate::email::EmailAddress;
use crate::name::DisplayName;
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::password::PasswordHash;
use crate::role::RoleName;
use crate::session::SessionEnd;
use crate::time::later;
use crate::two_factor::{TwoFactorChange, TwoFactorRefusal};
use crate::username::Username;

/// What makes a new password legitimate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// Its person knew the old one: this hash must still be the stored one. The session stays, all others end.
    Owner {
        /// The hash that the old password was checked against.
        old: PasswordHash,
        /// The session that asks; absent: all end.
        session: Option<SessionId>,
    },
    /// A link: it must be given to the unit, and is used up. All sessions end, and the address counts as verified.
    Link,
    /// Whoever runs the server. All sessions end.
    Administrator,
}

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Other names.
    Profile {
        /// The name that is shown.
        name: DisplayName,
        /// The short one.
        username: Option<Username>,
    },
    /// Another e-mail address. Links that were made for the old one do nothing any more.
    Email {
        /// The new one.
        email: EmailAddress,
        /// Whether it is known to be the person's.
        is_verified: bool,
    },
    /// The e-mail address is the person's: a link that went there was used. It must be given to the unit, and is used up.
    VerifyEmail,
    /// A new password. Links that reset the password do nothing any more.
    Password {
        /// Its hash.
        hash: PasswordHash,
        /// What makes it legitimate.
        source: PasswordSource,
    },
    /// The same password, hashed anew with stronger parameters; nothing when the stored hash is another meanwhile. `updated_at` stays.
    UpgradePasswordHash {
        /// The hash that the password was checked against.
        from: PasswordHash,
        /// The new one.
        to: PasswordHash,
    },
    /// Another role.
    Role(RoleName),
    /// Disabled, which ends all sessions, or enabled again.
    Status(AccountStatus),
    /// Who the person is at an OpenID provider; refused when the account is somebody else there already.
    LinkOpenId(OpenIdIdentity),
    /// The terms of use were accepted, now; the first time counts.
    AcceptTerms,
    /// All live sessions end, and with them every sign-in that waits for its second factor: `updated_at` becomes another one.
    EndSessions(EndedSessions),
    /// The second factor; all of these or none. `updated_at` stays.
    TwoFactor(Vec<TwoFactorChange>),
}

/// What a store must tell about itself before an account can be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFacts {
    /// How many other accounts are active administrators. Needed for roles, states and removals, otherwise not looked at.
    pub other_active_administrators: u64,
    /// The account with the new e-mail address. Needed for [`AccountChange::Email`].
    pub same_email: Option<UserId>,
    /// The account that is the same person at the OpenID provider. Needed for [`AccountChange::LinkOpenId`].
    pub same_openid: Option<UserId>,
    /// The link with the digest that was given to the unit.
    pub link: Option<OneTimeLink>,
}

/// Why an account is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// Nobody would be left to administer the server.
    #[error(
        "this is the last administrator who can sign in; make somebody else an administrator first"
    )]
    LastAdministrator,
    /// Another account has the e-mail address.
    #[error("another account has this e-mail address")]
    EmailTaken,
    /// Another account is that person, or this account is another one.
    #[error("the account and this person at the provider do not belong together")]
    OpenIdTaken,
    /// The password was changed meanwhile.
    #[error("the password was changed meanwhile")]
    PasswordChangedMeanwhile,
    /// The link does nothing (any more).
    #[error("the link is invalid, was used, or has expired")]
    LinkInvalid,
    /// The second factor is not as it has to be.
    #[error(transparent)]
    TwoFactor(TwoFactorRefusal),
}

/// The sessions that end with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedSessions {
    /// All but this one.
    pub except: Option<SessionId>,
    /// Why.
    pub end: SessionEnd,
}

/// What a store writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePlan {
    /// The account's row as it stands afterwards.
    pub account: Account,
    /// Whether anything is different; otherwise the store writes nothing, and no entry into the audit log.
    pub is_changed: bool,
    /// The live sessions of the account that end.
    pub ends_sessions: Option<EndedSessions>,
    /// The link, used up now; to be written.
    pub used_link: Option<OneTimeLink>,
    /// The purpose whose other unused links for this account are deleted.
    pub drops_links: Option<LinkPurpose>,
}

/// Decides about a change of an account.
///
/// # Errors
/// When the account must not be changed so.
pub fn plan_change(
    account: &Account,
    facts: ChangeFacts,
    change: AccountChange,
    now: Timestamp,
) -> Result<ChangePlan, AccountRefusal> {
    let mut plan = ChangePlan {
        account: account.clone(),
        is_changed: true,
        ends_sessions: None,
        used_link: None,
        drops_links: None,
    };
    let after = &mut plan.account;
    let mut is_shown = true;
    match change {
        AccountChange::Profile { name, username } => {
            after.name = name;
            after.username = username;
        }
        AccountChange::Email { email, is_verified } => {
            if facts.same_email.is_some_and(|other| other != account.id) {
                return Err(AccountRefusal::EmailTaken);
            }
            after.email = email;
            after.email_verified = is_verified;
        }
        AccountChange::VerifyEmail => {
            let link = used(facts.link, LinkPurpose::EmailVerification, account, now)?;
            after.email_verified = true;
            plan.used_link = Some(link);
            plan.drops_links = Some(LinkPurpose::EmailVerification);
        }
        AccountChange::Password { hash, source } => {
            let except = match source {
                PasswordSource::Owner { old, session } => {
                    if account.password.as_ref() != Some(&old) {
                        return Err(AccountRefusal::PasswordChangedMeanwhile);
                    }
                    session
                }
                PasswordSource::Link => {
                    let link = used(facts.link, LinkPurpose::PasswordReset, account, now)?;
                    after.email_verified = true;
                    plan.used_link = Some(link);
                    None
                }
                PasswordSource::Administrator => None,
            };
            after.password = Some(hash);
            plan.drops_links = Some(LinkPurpose::PasswordReset);
            plan.ends_sessions = Some(EndedSessions {
                except,
                end: SessionEnd::PasswordChanged,
            });
        }
        AccountChange::UpgradePasswordHash { from, to } => {
            is_shown = false;
            if account.password.as_ref() == Some(&from) {
                after.password = Some(to);
            }
        }
        AccountChange::Role(role) => after.role = role,
        AccountChange::Status(status) => {
            after.status = status;
            if status == AccountStatus::Disabled {
                plan.ends_sessions = Some(EndedSessions {
                    except: None,
                    end: SessionEnd::AccountDisabled,
                });
            }
        }
        AccountChange::LinkOpenId(identity) => {
            let is_other = account
                .openid
                .as_ref()
                .is_some_and(|known| *known != identity);
            if is_other || facts.same_openid.is_some_and(|other| other != account.id) {
                return Err(AccountRefusal::OpenIdTaken);
            }
            after.openid = Some(identity);
        }
        AccountChange::AcceptTerms => {
            after.terms_accepted_at = after.terms_accepted_at.or(Some(now));
        }
        AccountChange::EndSessions(ends) => {
            // Also within one millisecond, and when the clock was set back.
            after.updated_at = account.updated_at.max(now);
            if after.updated_at == account.updated_at {
                after.updated_at = later(after.updated_at, Duration::from_millis(1));
            }
            is_shown = false;
            plan.ends_sessions = Some(ends);
        }
        AccountChange::TwoFactor(changes) => {
            is_shown = false;
            let applied = after.two_factor.apply(&changes, now);
            after.two_factor = applied.map_err(AccountRefusal::TwoFactor)?;
        }
    }
    let loses_administrator = account.is_active_administrator() && !after.is_active_administrator();
    if loses_administrator && facts.other_active_administrators == 0 {
        return Err(AccountRefusal::LastAdministrator);
    }
    plan.is_changed = *after != *account || plan.used_link.is_some();
    if plan.is_changed && is_shown {
        after.updated_at = now;
    }
    Ok(plan)
}

/// Decides whether an account may be deleted.
///
/// # Errors
/// When it is the last administrator.
pub fn plan_removal(
    account: &Account,
    other_active_administrators: u64,
) -> Result<(), AccountRefusal> {
    if account.is_active_administrator() && other_active_administrators == 0 {
        Err(AccountRefusal::LastAdministrator)
    } else {
        Ok(())
    }
}

/// The link, used up: it must be for this account and the address that it has.
fn used(
    link: Option<OneTimeLink>,
    purpose: LinkPurpose,
    account: &Account,
    now: Timestamp,
) -> Result<OneTimeLink, AccountRefusal> {
    let link = link.ok_or(AccountRefusal::LinkInvalid)?;
    link.check(purpose, now)
        .map_err(|_| AccountRefusal::LinkInvalid)?;
    let is_for_this = matches!(
        &link.subject,
        LinkSubject::Account { account: id, email } if *id == account.id && *email == account.email
    );
    if is_for_this {
        Ok(OneTimeLink {
            used_at: Some(now),
            ..link
        })
    } else {
        Err(AccountRefusal::LinkInvalid)
    }
}

#[cfg(test)]
mod tests;
