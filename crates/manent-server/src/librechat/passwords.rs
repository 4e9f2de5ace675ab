//! `/api/auth/{requestPasswordReset,resetPassword}` and `/api/user/verify…`: links that go out by mail.
//!
//! Invariant: whether an address has an account is not told, neither by an answer nor by its time: what depends on it is done after the answer.
//! A link that resets a password is never in an answer, whatever is configured: whoever asks need not be the one that it is for.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_accounts::AccountError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use crate::access::From as Place;
use crate::app::App;
use crate::http::body::Json;

/// A request that names an address.
#[derive(Deserialize)]
pub(super) struct Address {
    email: String,
}

/// Asks for a link that resets the password.
pub(super) async fn request_reset(
    State(app): State<App>,
    Place(origin): Place,
    Json(request): Json<Address>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let accounts = app.accounts()?;
    if !accounts.sends_mail {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "This server sends no mail: ask its administrator for a link that resets your password",
        ));
    }
    let service = accounts.own.clone();
    accounts.afterwards.run(async move {
        tell_operator(service.request_reset(&request.email, &origin).await);
    });
    let message =
        "If an account with that email exists, a password reset link has been sent to it.";
    Ok(JsonAnswer(json!({ "message": message })))
}

/// `POST /api/auth/resetPassword`. Whose password it is stands in the token; a `userId` beside it is not looked at.
#[derive(Deserialize)]
pub(super) struct Reset {
    token: SecretString,
    password: SecretString,
    #[serde(default)]
    confirm_password: Option<SecretString>,
}

/// Sets a new password with the secret of a link.
pub(super) async fn reset(
    State(app): State<App>,
    Place(origin): Place,
    Json(request): Json<Reset>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let confirmed = request.confirm_password.as_ref();
    let is_confirmed =
        confirmed.is_none_or(|again| again.expose_secret() == request.password.expose_secret());
    if !is_confirmed {
        return Err(Refusal::bad("The passwords do not match"));
    }
    let service = &app.accounts()?.own;
    let reset = service.reset_password(&request.token, request.password, &origin);
    reset.await.map_err(|error| match error {
        AccountError::LinkInvalid => Refusal::bad("Invalid or expired password reset token"),
        AccountError::Invalid { .. } => Refusal::bad(error.to_string()),
        other => other.into(),
    })?;
    Ok(JsonAnswer(
        json!({"message": "Password reset was successful"}),
    ))
}

/// `POST /api/user/verify`. Whose address it is stands in the token; an `email` beside it is not looked at.
#[derive(Deserialize)]
pub(super) struct Verification {
    token: SecretString,
}

/// Shows that an e-mail address is one's own.
pub(super) async fn verify(
    State(app): State<App>,
    Place(origin): Place,
    Json(request): Json<Verification>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let service = &app.accounts()?.own;
    let verified = service.verify_email(&request.token, &origin).await;
    verified.map_err(|error| match error {
        AccountError::LinkInvalid => Refusal::bad("Invalid or expired email verification token"),
        other => other.into(),
    })?;
    Ok(JsonAnswer(
        json!({"message": "Email verification was successful", "status": "success"}),
    ))
}

/// Asks for another link that verifies an address.
pub(super) async fn resend_verification(
    State(app): State<App>,
    Place(origin): Place,
    Json(request): Json<Address>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let accounts = app.accounts()?;
    let service = accounts.own.clone();
    accounts.afterwards.run(async move {
        tell_operator(service.resend_verification(&request.email, &origin).await);
    });
    let message = "Please check your email to verify your email address.";
    Ok(JsonAnswer(json!({ "message": message })))
}

/// Nobody waits for the outcome any more; what the operator should know goes to the log, without the address.
fn tell_operator(outcome: Result<(), AccountError>) {
    match outcome {
        Ok(()) | Err(AccountError::TooManyAttempts { .. }) => {}
        Err(error) => tracing::warn!(%error, "a link could not be made"),
    }
}
