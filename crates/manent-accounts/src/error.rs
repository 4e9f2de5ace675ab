//! What can go wrong about accounts.

use std::time::Duration;

use manent_domain::ports::StoreError;

use crate::account_change::AccountRefusal;
use crate::api_key::Scope;
use crate::audit::UnreadableAuditEntry;
use crate::limits::BudgetExceeded;
use crate::ports::{HashError, TokenError, VaultError};
use crate::session::RefreshRefusal;
use crate::two_factor::TwoFactorRefusal;

/// What a service answers when it cannot do what was asked. Each has a sentence that may be shown to the caller, but for the last four,
/// whose details are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// A field is outside its rules.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field: `email`, `password`, `name` and so on.
        field: &'static str,
        /// For people.
        reason: String,
    },
    /// Nobody may sign up.
    #[error("registration is not allowed")]
    SignUpOff,
    /// Only addresses of other domains may sign up.
    #[error("registration is not allowed for this e-mail domain")]
    DomainNotAllowed,
    /// One must be invited to sign up, and the invitation is missing, for another address, used or expired.
    #[error("the invitation is invalid, was used, or has expired")]
    InvitationInvalid,
    /// Nobody signs in with a password here.
    #[error("signing in with a password is not allowed")]
    PasswordsOff,
    /// The e-mail address or the password is wrong; which, is not told.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The caller's own password, asked for once more, is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password was right, and the e-mail address must be verified first.
    #[error("the e-mail address is not verified yet")]
    EmailNotVerified,
    /// The password was right, and the account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The second factor is wrong or was used already.
    #[error("the code is wrong, or was used already")]
    SecondFactorWrong,
    /// The second factor cannot be checked: it was encrypted with a secret that the server does not have any more.
    #[error(
        "this code cannot be checked, because the server lost the secret that it needs for it; use a backup code, or ask an administrator \
         to take the second factor off"
    )]
    SecondFactorUnreadable,
    /// What was asked for needs a second factor beside it.
    #[error("a code of the second factor is needed")]
    SecondFactorNeeded,
    /// There is no second factor, or none that waits.
    #[error("two-factor authentication was not begun")]
    TwoFactorNotBegun,
    /// The token between password and second factor is not genuine or expired.
    #[error("the sign-in took too long; sign in again")]
    SignInExpired,
    /// Too often.
    #[error("too many attempts; try again later")]
    TooManyAttempts {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// No token, or none that is genuine and current: sign in (again).
    #[error("not signed in")]
    NotSignedIn,
    /// The session does not go on.
    #[error(transparent)]
    SessionEnded(RefreshRefusal),
    /// The caller may not do this.
    #[error("this is not allowed")]
    Forbidden,
    /// The caller's key has not the scope.
    #[error("this needs the scope {0}")]
    ScopeMissing(Scope),
    /// A link is invalid, used or expired.
    #[error("the link is invalid, was used, or has expired")]
    LinkInvalid,
    /// There is no such account, session, key or role, for this caller.
    #[error("not found")]
    NotFound,
    /// The caller has as many of these as one may have.
    #[error("there are too many of these already; at most {limit} are allowed")]
    TooMany {
        /// The most.
        limit: usize,
    },
    /// The account must not be changed so.
    #[error(transparent)]
    Refused(AccountRefusal),
    /// The budget is used up.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// Somebody changed an entry of the audit log.
    #[error("{0}; `manent audit verify` looks at the whole log")]
    AuditUnreadable(UnreadableAuditEntry),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be checked.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A token could not be made.
    #[error(transparent)]
    Token(TokenError),
    /// A secret could not be encrypted or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<AccountRefusal> for AccountError {
    fn from(refusal: AccountRefusal) -> Self {
        match refusal {
            AccountRefusal::LinkInvalid => Self::LinkInvalid,
            AccountRefusal::TwoFactor(TwoFactorRefusal::NotBegun) => Self::TwoFactorNotBegun,
            AccountRefusal::TwoFactor(
                TwoFactorRefusal::StepUsed | TwoFactorRefusal::BackupCodeUnknown,
            ) => Self::SecondFactorWrong,
            AccountRefusal::TwoFactor(TwoFactorRefusal::SignInFinished) => Self::SignInExpired,
            other => Self::Refused(other),
        }
    }
}
