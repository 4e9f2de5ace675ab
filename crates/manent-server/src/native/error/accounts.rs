//! What goes wrong about accounts, on the native surface.

use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_accounts::ports::HashError;
use manent_accounts::services::OpenIdError;

use super::{ApiError, sentence};
use crate::oidc::refusal_code;

impl From<OpenIdError> for ApiError {
    fn from(error: OpenIdError) -> Self {
        match error {
            OpenIdError::Refused(refusal) => Self::new(
                StatusCode::FORBIDDEN,
                refusal_code(refusal),
                sentence(&refusal.to_string()),
            ),
            OpenIdError::Account(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let detail = sentence(&error.to_string());
        let with = |status, code| Self::new(status, code, detail.clone());
        match error {
            AccountError::Invalid { field, .. } => {
                with(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value").with_field(field)
            }
            AccountError::SignUpOff => with(StatusCode::FORBIDDEN, "registration_closed"),
            AccountError::DomainNotAllowed => with(StatusCode::FORBIDDEN, "domain_not_allowed"),
            AccountError::InvitationInvalid => {
                with(StatusCode::UNPROCESSABLE_ENTITY, "invitation_invalid")
            }
            AccountError::PasswordsOff => with(StatusCode::FORBIDDEN, "passwords_off"),
            AccountError::WrongCredentials => with(StatusCode::UNAUTHORIZED, "wrong_credentials"),
            AccountError::WrongPassword => {
                with(StatusCode::UNPROCESSABLE_ENTITY, "wrong_password").with_field("password")
            }
            AccountError::EmailNotVerified => with(StatusCode::FORBIDDEN, "email_not_verified"),
            AccountError::AccountDisabled => with(StatusCode::FORBIDDEN, "account_disabled"),
            AccountError::SecondFactorWrong => {
                with(StatusCode::UNPROCESSABLE_ENTITY, "second_factor_wrong").with_field("code")
            }
            AccountError::SecondFactorUnreadable => {
                with(StatusCode::SERVICE_UNAVAILABLE, "second_factor_unreadable")
            }
            AccountError::SecondFactorNeeded => with(StatusCode::FORBIDDEN, "second_factor_needed"),
            AccountError::TwoFactorNotBegun => with(StatusCode::CONFLICT, "two_factor_not_begun"),
            AccountError::SignInExpired => with(StatusCode::UNAUTHORIZED, "sign_in_expired"),
            AccountError::TooManyAttempts { retry_after } => {
                let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                with(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
                    .with_retry_after(milliseconds)
            }
            // Why it ended is in the audit log; whoever holds an old token is told nothing.
            AccountError::NotSignedIn | AccountError::SessionEnded(_) => Self::signed_out(),
            AccountError::Forbidden => with(StatusCode::FORBIDDEN, "forbidden"),
            AccountError::ScopeMissing(_) => with(StatusCode::FORBIDDEN, "scope_missing"),
            AccountError::LinkInvalid => with(StatusCode::UNPROCESSABLE_ENTITY, "link_invalid"),
            AccountError::NotFound => with(StatusCode::NOT_FOUND, "unknown"),
            AccountError::TooMany { .. } => with(StatusCode::CONFLICT, "too_many"),
            AccountError::Refused(_) => with(StatusCode::CONFLICT, "account_refused"),
            AccountError::Budget(_) => with(StatusCode::TOO_MANY_REQUESTS, "budget_exceeded"),
            AccountError::AuditUnreadable(_) => {
                with(StatusCode::INTERNAL_SERVER_ERROR, "audit_log_damaged")
            }
            AccountError::Store(error) => error.into(),
            AccountError::Hash(HashError::Overloaded) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "Too many people sign in at once; try again in a moment.",
            )
            .with_retry_after(1_000),
            AccountError::Hash(HashError::Failed { .. })
            | AccountError::Token(_)
            | AccountError::Vault(_) => Self::internal(error.to_string()),
        }
    }
}
