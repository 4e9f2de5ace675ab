//! `/account/two-factor…`: the second factor of whoever is signed in.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_accounts::services::SecondFactor;
use manent_protocol::{
    BackupCodes, BegunTwoFactorResource, ConfirmTwoFactorRequest, Problem, TwoFactorProof,
    TwoFactorResource,
};
use secrecy::{ExposeSecret, SecretString};

use super::error::ApiError;
use crate::access::Person;
use crate::app::App;
use crate::http::body::Json;

/// How it stands.
#[utoipa::path(get, path = "/account/two-factor", tag = "accounts",
    responses((status = 200, body = TwoFactorResource), (status = "default", body = Problem)))]
pub(super) async fn state(
    State(app): State<App>,
    Person(caller): Person,
) -> Result<JsonAnswer<TwoFactorResource>, ApiError> {
    caller.require_session()?;
    let two_factor = app.accounts()?.own.own(&caller).await?.two_factor;
    let active = two_factor.active.as_ref();
    Ok(JsonAnswer(TwoFactorResource {
        enabled: two_factor.is_enabled(),
        since: active.map(|active| active.since),
        pending: two_factor.pending.is_some(),
        backup_codes_left: active.map_or(0, |active| {
            let unused = active.backup_codes.iter();
            unused.filter(|code| code.used_at.is_none()).count()
        }),
    }))
}

/// Makes a new secret and new backup codes, shown in this answer alone. They count when they are confirmed; what is active stays until then,
/// and a code of it has to come along.
#[utoipa::path(post, path = "/account/two-factor", tag = "accounts", request_body = TwoFactorProof,
    responses((status = 200, body = BegunTwoFactorResource), (status = "default", body = Problem)))]
pub(super) async fn begin(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<TwoFactorProof>,
) -> Result<JsonAnswer<BegunTwoFactorResource>, ApiError> {
    let proof = factor(request.code, request.backup_code)?;
    let begun = app.accounts()?.two_factor.begin(&caller, proof).await?;
    Ok(JsonAnswer(BegunTwoFactorResource {
        otpauth_url: begun.otpauth_url.expose_secret().to_owned(),
        secret: begun.secret.expose_secret().to_owned(),
        backup_codes: shown(&begun.backup_codes),
    }))
}

/// Makes what was begun count, with its first code.
#[utoipa::path(post, path = "/account/two-factor/confirm", tag = "accounts", request_body = ConfirmTwoFactorRequest,
    responses((status = 204, description = "It is asked for from now on"), (status = "default", body = Problem)))]
pub(super) async fn confirm(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<ConfirmTwoFactorRequest>,
) -> Result<StatusCode, ApiError> {
    let two_factor = &app.accounts()?.two_factor;
    two_factor.confirm(&caller, request.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switches it off.
#[utoipa::path(delete, path = "/account/two-factor", tag = "accounts", request_body = TwoFactorProof,
    responses((status = 204, description = "It is asked for no more"), (status = "default", body = Problem)))]
pub(super) async fn disable(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<TwoFactorProof>,
) -> Result<StatusCode, ApiError> {
    let proof = needed(request)?;
    let two_factor = &app.accounts()?.two_factor;
    two_factor.disable(&caller, proof).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the backup codes; the new ones are shown in this answer alone.
#[utoipa::path(post, path = "/account/two-factor/backup-codes", tag = "accounts", request_body = TwoFactorProof,
    responses((status = 200, body = BackupCodes), (status = "default", body = Problem)))]
pub(super) async fn replace_backup_codes(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<TwoFactorProof>,
) -> Result<JsonAnswer<BackupCodes>, ApiError> {
    let proof = needed(request)?;
    let two_factor = &app.accounts()?.two_factor;
    let (codes, _) = two_factor.replace_backup_codes(&caller, proof).await?;
    Ok(JsonAnswer(BackupCodes {
        backup_codes: shown(&codes),
    }))
}

/// One of the two codes, or none.
pub(super) fn factor(
    code: Option<SecretString>,
    backup_code: Option<SecretString>,
) -> Result<Option<SecondFactor>, ApiError> {
    match (code, backup_code) {
        (Some(code), None) => Ok(Some(SecondFactor::Code(code))),
        (None, Some(code)) => Ok(Some(SecondFactor::BackupCode(code))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let detail = "Give one of `code` and `backupCode`, not both.";
            Err(ApiError::invalid_body(".", detail))
        }
    }
}

fn needed(request: TwoFactorProof) -> Result<SecondFactor, ApiError> {
    let proof = factor(request.code, request.backup_code)?;
    proof.ok_or_else(|| ApiError::invalid_body(".", "Give one of `code` and `backupCode`."))
}

fn shown(codes: &[SecretString]) -> Vec<String> {
    codes
        .iter()
        .map(|code| code.expose_secret().to_owned())
        .collect()
}
