//! Why a sign-in through the provider failed, as a page is told.

use manent_accounts::AccountError;
use manent_accounts::services::{OpenIdError, OpenIdRefusal};
use manent_oidc::OidcError;

/// A failure. Each has a code that does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider is not available.
    Unavailable,
    /// The provider said no, or the person did.
    Refused,
    /// Too late, or from another browser.
    Expired,
    /// What came from the provider does not hold.
    Invalid,
    /// The person may not come in.
    NotLetIn(OpenIdRefusal),
    /// Too often.
    TooManyAttempts,
    /// Something here.
    Internal,
}

impl Failure {
    /// The code that pages know.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "provider_unavailable",
            Self::Refused => "provider_refused",
            Self::Expired => "sign_in_expired",
            Self::Invalid => "answer_invalid",
            Self::NotLetIn(refusal) => refusal_code(refusal),
            Self::TooManyAttempts => "too_many_attempts",
            Self::Internal => "internal",
        }
    }
}

/// The code of a refusal.
pub(crate) const fn refusal_code(refusal: OpenIdRefusal) -> &'static str {
    match refusal {
        OpenIdRefusal::EmailMissing => "email_missing",
        OpenIdRefusal::EmailNotVerified => "email_not_verified",
        OpenIdRefusal::DomainNotAllowed => "domain_not_allowed",
        OpenIdRefusal::AccountExists => "account_exists",
        OpenIdRefusal::RegistrationClosed => "registration_closed",
        OpenIdRefusal::AccountDisabled => "account_disabled",
        OpenIdRefusal::RoleMissing => "role_missing",
    }
}

impl From<&OidcError> for Failure {
    fn from(error: &OidcError) -> Self {
        match error {
            OidcError::Unavailable { .. } => Self::Unavailable,
            OidcError::Refused { .. } => Self::Refused,
            OidcError::Expired => Self::Expired,
            OidcError::Invalid { .. } => Self::Invalid,
        }
    }
}

impl From<&OpenIdError> for Failure {
    fn from(error: &OpenIdError) -> Self {
        match error {
            OpenIdError::Refused(refusal) => Self::NotLetIn(*refusal),
            OpenIdError::Account(AccountError::TooManyAttempts { .. }) => Self::TooManyAttempts,
            OpenIdError::Account(_) => Self::Internal,
        }
    }
}
