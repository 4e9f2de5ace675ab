//! `/api/auth/2fa/…`: the second factor.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use manent_accounts::AccountError;
use manent_accounts::services::SecondFactor;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::auth::first_answer;
use super::body::{MaybeBody, Proof};
use crate::access::{From as Place, Person};
use crate::app::App;
use crate::http::body::Json;

/// Makes a secret and backup codes, which wait to be confirmed.
pub(super) async fn enable(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let begun = app.accounts()?.two_factor.begin(&caller, proof.factor());
    let begun = begun.await.map_err(wrong_proof)?;
    Ok(JsonAnswer(json!({
        "otpauthUrl": begun.otpauth_url.expose_secret(),
        "backupCodes": shown(&begun.backup_codes),
    })))
}

/// Checks a code without switching anything.
pub(super) async fn verify(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<StatusCode, Refusal> {
    let refused = || Refusal::bad("Invalid token or backup code.");
    let factor = proof.factor().ok_or_else(refused)?;
    let checked = app.accounts()?.two_factor.check(&caller, factor).await;
    checked.map_err(|error| match error {
        AccountError::TwoFactorNotBegun => Refusal::bad("2FA not initiated"),
        AccountError::SecondFactorWrong => refused(),
        other => other.into(),
    })?;
    Ok(StatusCode::OK)
}

/// Makes what waits active, with its first code.
pub(super) async fn confirm(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<StatusCode, Refusal> {
    let refused = || Refusal::bad("Invalid token.");
    let Some(SecondFactor::Code(code)) = proof.factor() else {
        return Err(refused());
    };
    let confirmed = app.accounts()?.two_factor.confirm(&caller, code).await;
    confirmed.map_err(|error| match error {
        AccountError::TwoFactorNotBegun => Refusal::bad("2FA not initiated"),
        AccountError::SecondFactorWrong => refused(),
        other => other.into(),
    })?;
    Ok(StatusCode::OK)
}

/// Switches the second factor off.
pub(super) async fn disable(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<StatusCode, Refusal> {
    let factor = proof.factor().ok_or_else(missing_proof)?;
    let disabled = app.accounts()?.two_factor.disable(&caller, factor).await;
    disabled.map_err(wrong_proof)?;
    Ok(StatusCode::OK)
}

/// Replaces the backup codes.
pub(super) async fn regenerate(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let factor = proof.factor().ok_or_else(missing_proof)?;
    let two_factor = &app.accounts()?.two_factor;
    let replaced = two_factor.replace_backup_codes(&caller, factor).await;
    let (codes, stored) = replaced.map_err(wrong_proof)?;
    let hashes: Vec<Value> = stored
        .iter()
        .map(|code| {
            json!({
                "codeHash": code.digest.to_hex(),
                "used": code.used_at.is_some(),
                "usedAt": code.used_at,
            })
        })
        .collect();
    Ok(JsonAnswer(
        json!({"backupCodes": shown(&codes), "backupCodesHash": hashes}),
    ))
}

/// The second step of a sign-in.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecondStep {
    #[serde(default)]
    temp_token: Option<SecretString>,
    #[serde(flatten)]
    proof: Proof,
}

/// Finishes a sign-in.
pub(super) async fn verify_temp(
    State(app): State<App>,
    Place(origin): Place,
    presented: HeaderMap,
    Json(request): Json<SecondStep>,
) -> Result<Response, Refusal> {
    let (Some(token), Some(factor)) = (request.temp_token, request.proof.factor()) else {
        return Err(Refusal::bad("Missing temporary token, or code"));
    };
    let accounts = app.accounts()?;
    let token = token.expose_secret();
    let opened = accounts.sign_in.second_factor(token, factor, &origin).await;
    let opened = opened.map_err(|error| match error {
        AccountError::SignInExpired => Refusal::new(
            StatusCode::UNAUTHORIZED,
            "Invalid or expired temporary token",
        ),
        AccountError::SecondFactorWrong => {
            Refusal::new(StatusCode::UNAUTHORIZED, "Invalid 2FA code or backup code")
        }
        other => other.into(),
    })?;
    first_answer(accounts, &opened, &presented)
}

fn shown(codes: &[SecretString]) -> Vec<&str> {
    codes.iter().map(ExposeSecret::expose_secret).collect()
}

fn missing_proof() -> Refusal {
    Refusal::bad("A code or a backup code is needed")
}

fn wrong_proof(error: AccountError) -> Refusal {
    match error {
        AccountError::SecondFactorNeeded => missing_proof(),
        AccountError::TwoFactorNotBegun => Refusal::bad("2FA is not enabled"),
        AccountError::SecondFactorWrong => {
            Refusal::new(StatusCode::UNAUTHORIZED, "Invalid token or backup code.")
        }
        other => other.into(),
    }
}
