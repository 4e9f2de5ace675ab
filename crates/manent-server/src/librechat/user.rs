//! `/api/user…`: one's own account.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use manent_accounts::AccountError;
use manent_accounts::account::Account;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::body::{MaybeBody, Proof};
use super::cookies;
use super::local;
use super::short_id::short_id;
use crate::access::{Person, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

/// An account as LibreChat's client knows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    #[serde(rename = "_id")]
    object_id: String,
    id: String,
    name: String,
    username: String,
    email: String,
    email_verified: bool,
    avatar: Option<String>,
    provider: &'static str,
    role: String,
    plugins: [String; 0],
    two_factor_enabled: bool,
    terms_accepted: bool,
    created_at: manent_types::Timestamp,
    updated_at: manent_types::Timestamp,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        let id = short_id(account.id.as_uuid());
        let username = account.username.as_ref();
        Self {
            object_id: id.clone(),
            id,
            name: account.name.as_str().to_owned(),
            username: username.map_or_else(String::new, |name| name.as_str().to_owned()),
            email: account.email.as_str().to_owned(),
            email_verified: account.email_verified,
            avatar: None,
            provider: account.provider.as_str(),
            role: account.role.as_str().to_owned(),
            plugins: [],
            two_factor_enabled: account.two_factor.is_enabled(),
            terms_accepted: account.terms_accepted_at.is_some(),
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// Who is signed in.
pub(super) async fn get(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
) -> Result<Response, Refusal> {
    let Some(accounts) = &app.accounts else {
        return Ok(JsonAnswer(local::user(caller.owner()?)).into_response());
    };
    let account = accounts.own.own(&caller).await?;
    Ok(JsonAnswer(User::from(&account)).into_response())
}

const NO_DELETION: &str = "You do not have permission to delete this account";

/// Deletes the account and everything that it owns.
pub(super) async fn delete(
    State(app): State<App>,
    Person(caller): Person,
    MaybeBody(proof): MaybeBody<Proof>,
) -> Result<(HeaderMap, JsonAnswer<Value>), Refusal> {
    let accounts = app.accounts()?;
    let is_allowed = app.librechat()?.settings.variables.allows_account_deletion;
    if !is_allowed && caller.require_admin().is_err() {
        return Err(Refusal::new(StatusCode::FORBIDDEN, NO_DELETION));
    }
    let deletion = accounts.own.delete_own(&caller, None, proof.factor());
    let deleted = app.delete_account(caller.owner()?, deletion).await;
    deleted.map_err(|error| match error {
        AccountError::Forbidden => Refusal::new(StatusCode::FORBIDDEN, NO_DELETION),
        AccountError::SecondFactorNeeded => {
            Refusal::bad("A code of the second factor is needed to delete this account")
        }
        AccountError::SecondFactorWrong => {
            Refusal::new(StatusCode::UNAUTHORIZED, "Invalid token or backup code")
        }
        other => other.into(),
    })?;
    let mut headers = HeaderMap::new();
    cookies::clear(accounts.cookies, &mut headers)?;
    Ok((headers, JsonAnswer(json!({"message": "User deleted"}))))
}

/// Whether the terms of use were accepted.
pub(super) async fn terms(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
) -> Result<JsonAnswer<Value>, Refusal> {
    let Some(accounts) = &app.accounts else {
        // Whoever runs the server for themselves made the terms.
        return Ok(JsonAnswer(json!({"termsAccepted": true})));
    };
    let account = accounts.own.own(&caller).await?;
    let at = account.terms_accepted_at;
    Ok(JsonAnswer(
        json!({"termsAccepted": at.is_some(), "termsAcceptedAt": at}),
    ))
}

/// Accepts the terms of use.
pub(super) async fn accept_terms(
    State(app): State<App>,
    Person(caller): Person,
) -> Result<JsonAnswer<Value>, Refusal> {
    let account = app.accounts()?.own.accept_terms(&caller).await?;
    Ok(JsonAnswer(json!({
        "message": "Terms accepted successfully",
        "termsAcceptedAt": account.terms_accepted_at,
    })))
}

/// What people prefer about running code, which there is not: nothing is kept, and that is said.
pub(super) async fn preferences(_: Writing) -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "This server runs no code, so there is no such preference",
    )
}

/// What is to be done about a plugin.
#[derive(Deserialize)]
pub(super) struct PluginRequest {
    #[serde(default)]
    action: String,
}

/// Installs or removes a plugin. There are none: removing one is done already, and installing one is refused, so that nobody takes a key for kept.
pub(super) async fn plugins(
    _: Writing,
    Json(request): Json<PluginRequest>,
) -> Result<StatusCode, Refusal> {
    if request.action == "uninstall" {
        Ok(StatusCode::OK)
    } else {
        Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "This server has no plugins",
        ))
    }
}
