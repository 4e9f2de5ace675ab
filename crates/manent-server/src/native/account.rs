//! `/account…`: one's own account, for whoever is signed in.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use manent_accounts::AccountError;
use manent_protocol::{
    AccountResource, ChangePasswordRequest, DeleteAccountRequest, Problem, SessionList,
    SessionResource, SignOutAnswer, UpdateAccountRequest,
};
use manent_types::SessionId;

use super::convert;
use super::error::ApiError;
use super::two_factor;
use crate::access::{Person, Reading};
use crate::app::App;
use crate::http::body::Json;

/// A cookie beside the answer.
type SetCookie = AppendHeaders<[(header::HeaderName, HeaderValue); 1]>;

/// Who is signed in.
#[utoipa::path(get, path = "/account", tag = "accounts",
    responses((status = 200, body = AccountResource), (status = "default", body = Problem)))]
pub(super) async fn get(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
) -> Result<JsonAnswer<AccountResource>, ApiError> {
    let account = app.accounts()?.own.own(&caller).await?;
    Ok(JsonAnswer(convert::account(&account)))
}

/// Changes one's names; what is absent stays.
#[utoipa::path(patch, path = "/account", tag = "accounts", request_body = UpdateAccountRequest,
    responses((status = 200, body = AccountResource), (status = "default", body = Problem)))]
pub(super) async fn update(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<UpdateAccountRequest>,
) -> Result<JsonAnswer<AccountResource>, ApiError> {
    caller.require_session()?;
    let accounts = &app.accounts()?.own;
    let account = accounts.own(&caller).await?;
    let username = account.username.as_ref().map(ToString::to_string);
    let name = request.name.unwrap_or_else(|| account.name.to_string());
    let username = request.username.or(username);
    let changed = accounts.change_profile(&caller, &name, username.as_deref());
    Ok(JsonAnswer(convert::account(&changed.await?)))
}

/// Deletes one's account with everything that it owns, for ever; what runs for it ends.
#[utoipa::path(delete, path = "/account", tag = "accounts", request_body = DeleteAccountRequest,
    responses((status = 204, description = "It is gone"), (status = "default", body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<DeleteAccountRequest>,
) -> Result<(SetCookie, StatusCode), ApiError> {
    let (owner, _) = caller.require_session()?;
    let factor = two_factor::factor(request.code, request.backup_code)?;
    let accounts = app.accounts()?;
    let account = accounts.own.own(&caller).await?;
    let has_proof = request.password.is_some() || account.two_factor.is_enabled();
    if account.password.is_some() && !has_proof {
        let reason = "is needed to delete the account".to_owned();
        let field = "password";
        return Err(AccountError::Invalid { field, reason }.into());
    }
    let deletion = accounts.own.delete_own(&caller, request.password, factor);
    app.delete_account(owner, deletion).await?;
    let cookie = accounts.cookies.clear()?;
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        StatusCode::NO_CONTENT,
    ))
}

/// Replaces the password. Every other session ends.
#[utoipa::path(post, path = "/account/password", tag = "accounts", request_body = ChangePasswordRequest,
    responses((status = 204, description = "It holds"), (status = "default", body = Problem)))]
pub(super) async fn change_password(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<StatusCode, ApiError> {
    let accounts = &app.accounts()?.own;
    accounts
        .change_password(&caller, request.old, request.new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where one is signed in.
#[utoipa::path(get, path = "/account/sessions", tag = "accounts",
    responses((status = 200, body = SessionList), (status = "default", body = Problem)))]
pub(super) async fn sessions(
    State(app): State<App>,
    Person(caller): Person,
) -> Result<JsonAnswer<SessionList>, ApiError> {
    let sessions = app.accounts()?.sessions.list(&caller).await?;
    let sessions = sessions.into_iter().map(|session| SessionResource {
        current: caller.session() == Some(session.id),
        id: session.id,
        label: session.label,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    });
    Ok(JsonAnswer(SessionList {
        sessions: sessions.collect(),
    }))
}

/// Ends a session; its refresh token and its access tokens count no more.
#[utoipa::path(delete, path = "/account/sessions/{id}", tag = "accounts", params(("id" = SessionId, Path)),
    responses((status = 204, description = "It ended"), (status = "default", body = Problem)))]
pub(super) async fn end_session(
    State(app): State<App>,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: SessionId = id.parse().map_err(|_| ApiError::invalid_id("id"))?;
    app.accounts()?.sessions.end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the session that asks, and takes its cookie away.
#[utoipa::path(post, path = "/auth/sign-out", tag = "accounts",
    responses((status = 204, description = "Signed out"),
        (status = 200, body = SignOutAnswer, description = "Signed out here; the OpenID provider is next"), (status = "default", body = Problem)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    Person(caller): Person,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accounts = app.accounts()?;
    let ended = accounts.end_provider_session(&caller, &headers);
    accounts.sessions.sign_out(&caller).await?;
    let mut response = match ended.redirect {
        Some(redirect) => JsonAnswer(SignOutAnswer { redirect }).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    let cookies = std::iter::once(accounts.cookies.clear()?).chain(ended.cookies);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
