//! Accounts: people who may use the server.

use manent_types::{Timestamp, UserId};

use crate::email::EmailAddress;
use crate::name::DisplayName;
use crate::password::PasswordHash;
use crate::role::RoleName;
use crate::secret::SecretDigest;
use crate::two_factor::TwoFactor;
use crate::username::Username;

coded! {
    /// Whether the account may be used.
    AccountStatus {
        /// It may.
        Active = "active",
        /// An administrator disabled it: nobody signs in to it, its sessions are ended, its keys are refused.
        Disabled = "disabled",
    }
}

coded! {
    /// How the account came to be.
    AccountProvider {
        /// With a password of its own.
        Local = "local",
        /// Through an OpenID provider.
        OpenId = "openid",
    }
}

/// Who somebody is at an OpenID provider. Two accounts never have the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenIdIdentity {
    /// The provider's `iss`.
    pub issuer: String,
    /// The person's `sub` there.
    pub subject: String,
}

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who; the owner of everything that the account owns.
    pub id: UserId,
    /// Unique.
    pub email: EmailAddress,
    /// Whether the person showed that the address is theirs.
    pub email_verified: bool,
    /// A short name, not unique.
    pub username: Option<Username>,
    /// The name that is shown.
    pub name: DisplayName,
    /// What the person may do.
    pub role: RoleName,
    /// Whether the account may be used.
    pub status: AccountStatus,
    /// How it came to be.
    pub provider: AccountProvider,
    /// Who the person is at an OpenID provider.
    pub openid: Option<OpenIdIdentity>,
    /// Absent: nobody signs in with a password.
    pub password: Option<PasswordHash>,
    /// The second factor.
    pub two_factor: TwoFactor,
    /// When the terms of use were accepted.
    pub terms_accepted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something about it last changed; sign-ins do not count.
    pub updated_at: Timestamp,
}

impl Account {
    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        self.status == AccountStatus::Active
    }

    /// Whether it may be used, by an administrator.
    pub fn is_active_administrator(&self) -> bool {
        self.is_active() && self.role.is_admin()
    }
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its id, if it is not the first one.
    pub id: UserId,
    /// Its id if it is the first account of the store: that of the owner of mode `local`, whose conversations become this person's. Absent:
    /// [`Self::id`] too.
    pub id_if_first: Option<UserId>,
    /// Unique.
    pub email: EmailAddress,
    /// Whether the address is known to be the person's.
    pub email_verified: bool,
    /// A short name.
    pub username: Option<Username>,
    /// The name that is shown.
    pub name: DisplayName,
    /// Its role, if it is not the first one: the first one is `ADMIN`.
    pub role: RoleName,
    /// How it comes to be.
    pub provider: AccountProvider,
    /// Who the person is at an OpenID provider.
    pub openid: Option<OpenIdIdentity>,
    /// The hash of its password.
    pub password: Option<PasswordHash>,
    /// The link that verifies its address, made in the same unit; absent: none, or an invitation for the very address makes it needless.
    pub verification: Option<NewVerification>,
}

/// A link that is made together with an account and verifies its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewVerification {
    /// Of its secret.
    pub digest: SecretDigest,
    /// From when it does nothing.
    pub expires_at: Timestamp,
}
