//! `/auth/reset…` and `/auth/verify…`: links that went out by mail, for who cannot sign in.
//!
//! Invariant: whether an address has an account is not told, neither by an answer nor by its time: what depends on it is done after the answer.

use axum::extract::State;
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_protocol::{AddressRequest, Problem, ResetPasswordRequest, VerifyRequest};

use super::error::ApiError;
use crate::access::From;
use crate::app::App;
use crate::http::body::Json;

/// Asks for a link that resets the password, where mail is configured. The answer is the same for every address.
#[utoipa::path(post, path = "/auth/reset/request", tag = "accounts", request_body = AddressRequest,
    responses((status = 204, description = "A mail is on its way if the address has an account"), (status = "default", body = Problem)))]
pub(super) async fn request_reset(
    State(app): State<App>,
    From(origin): From,
    Json(request): Json<AddressRequest>,
) -> Result<StatusCode, ApiError> {
    let accounts = app.accounts()?;
    let service = accounts.own.clone();
    accounts.afterwards.run(async move {
        tell_operator(service.request_reset(&request.email, &origin).await);
    });
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new password with the secret of a link. Every session ends; sign in with the new password.
#[utoipa::path(post, path = "/auth/reset", tag = "accounts", request_body = ResetPasswordRequest,
    responses((status = 204, description = "It holds"), (status = "default", body = Problem)))]
pub(super) async fn reset(
    State(app): State<App>,
    From(origin): From,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<StatusCode, ApiError> {
    let accounts = &app.accounts()?.own;
    accounts
        .reset_password(&request.token, request.new_password, &origin)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows with the secret of a link that an e-mail address is one's own.
#[utoipa::path(post, path = "/auth/verify", tag = "accounts", request_body = VerifyRequest,
    responses((status = 204, description = "It is"), (status = "default", body = Problem)))]
pub(super) async fn verify(
    State(app): State<App>,
    From(origin): From,
    Json(request): Json<VerifyRequest>,
) -> Result<StatusCode, ApiError> {
    let accounts = &app.accounts()?.own;
    accounts.verify_email(&request.token, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for another link that verifies an address, where mail is configured. The answer is the same for every address.
#[utoipa::path(post, path = "/auth/verify/resend", tag = "accounts", request_body = AddressRequest,
    responses((status = 204, description = "A mail is on its way if the address waits for it"), (status = "default", body = Problem)))]
pub(super) async fn resend_verification(
    State(app): State<App>,
    From(origin): From,
    Json(request): Json<AddressRequest>,
) -> Result<StatusCode, ApiError> {
    let accounts = app.accounts()?;
    let service = accounts.own.clone();
    accounts.afterwards.run(async move {
        tell_operator(service.resend_verification(&request.email, &origin).await);
    });
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody waits for the outcome any more; what the operator should know goes to the log, without the address.
fn tell_operator(outcome: Result<(), AccountError>) {
    match outcome {
        Ok(()) | Err(AccountError::TooManyAttempts { .. }) => {}
        Err(error) => tracing::warn!(%error, "a link could not be made"),
    }
}
