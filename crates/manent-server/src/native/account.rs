//! `/account…`: one's own account, for whoever is signed in.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::AppendHeaders;
use manent_protocol::{
    AccountResource, ChangePasswordRequest, Problem, SessionList, SessionResource,
};
use manent_types::SessionId;

use super::convert;
use super::error::ApiError;
use crate::access::{Person, Reading};
use crate::app::App;
use crate::http::body::Json;

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
    responses((status = 204, description = "Signed out"), (status = "default", body = Problem)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    Person(caller): Person,
) -> Result<
    (
        AppendHeaders<[(header::HeaderName, HeaderValue); 1]>,
        StatusCode,
    ),
    ApiError,
> {
    let accounts = app.accounts()?;
    accounts.sessions.sign_out(&caller).await?;
    let cookie = accounts.cookies.clear()?;
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        StatusCode::NO_CONTENT,
    ))
}
