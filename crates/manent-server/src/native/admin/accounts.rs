//! `/admin/accounts…`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_accounts::account::{Account, AccountStatus};
use manent_accounts::role::RoleName;
use manent_protocol::{
    AdminAccountList, AdminAccountResource, ChangeRoleRequest, EndedSessionCount, Problem,
    ResetLink,
};
use manent_types::UserId;
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Administrator;
use crate::app::App;
use crate::http::body::Json;
use crate::links;
use crate::native::conversations::limit;
use crate::native::cursor;
use crate::native::error::ApiError;
use crate::native::parameters::{AccountPath, Query};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::native) struct AccountQuery {
    /// 1 to 200; default 50.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists accounts by e-mail address.
#[utoipa::path(get, path = "/admin/accounts", tag = "administration", params(AccountQuery),
    responses((status = 200, body = AdminAccountList), (status = "default", body = Problem)))]
pub(in crate::native) async fn list(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(query): Query<AccountQuery>,
) -> Result<JsonAnswer<AdminAccountList>, ApiError> {
    let after = query.cursor.as_deref().map(cursor::open_account);
    let after = after.transpose()?;
    let limit = limit(query.limit, 50, 200)?;
    let page = app.accounts()?.own.list(&caller, after, limit).await?;
    Ok(JsonAnswer(AdminAccountList {
        accounts: page.items.iter().map(resource).collect(),
        next: page.next.as_ref().map(cursor::seal_account),
    }))
}

/// One account.
#[utoipa::path(get, path = "/admin/accounts/{id}", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 200, body = AdminAccountResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn get(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<JsonAnswer<AdminAccountResource>, ApiError> {
    let account = app.accounts()?.own.find(&caller, id).await?;
    Ok(JsonAnswer(resource(&account)))
}

/// Keeps somebody out: every session ends, keys are refused, everything is kept.
#[utoipa::path(post, path = "/admin/accounts/{id}/disable", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 200, body = AdminAccountResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn disable(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<JsonAnswer<AdminAccountResource>, ApiError> {
    let accounts = &app.accounts()?.own;
    let account = accounts.set_status(&caller, id, AccountStatus::Disabled);
    Ok(JsonAnswer(resource(&account.await?)))
}

/// Lets somebody in again.
#[utoipa::path(post, path = "/admin/accounts/{id}/enable", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 200, body = AdminAccountResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn enable(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<JsonAnswer<AdminAccountResource>, ApiError> {
    let accounts = &app.accounts()?.own;
    let account = accounts.set_status(&caller, id, AccountStatus::Active);
    Ok(JsonAnswer(resource(&account.await?)))
}

/// Gives somebody a role; `ADMIN` makes an administrator. The last administrator stays one.
#[utoipa::path(put, path = "/admin/accounts/{id}/role", tag = "administration", params(("id" = UserId, Path)),
    request_body = ChangeRoleRequest,
    responses((status = 200, body = AdminAccountResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn set_role(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
    Json(request): Json<ChangeRoleRequest>,
) -> Result<JsonAnswer<AdminAccountResource>, ApiError> {
    let role = role_name(&request.role)?;
    let account = app.accounts()?.own.set_role(&caller, id, role).await?;
    Ok(JsonAnswer(resource(&account)))
}

/// A link with which somebody sets a new password, to be handed on.
#[utoipa::path(post, path = "/admin/accounts/{id}/reset-link", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 200, body = ResetLink), (status = "default", body = Problem)))]
pub(in crate::native) async fn reset_link(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<JsonAnswer<ResetLink>, ApiError> {
    let accounts = app.accounts()?;
    let made = accounts.own.reset_link(&caller, id).await?;
    let link = links::password_reset(&accounts.address, &made.secret);
    Ok(JsonAnswer(ResetLink {
        link: link.expose_secret().to_owned(),
        expires_at: made.expires_at,
    }))
}

/// Signs somebody out everywhere; keys stay.
#[utoipa::path(post, path = "/admin/accounts/{id}/end-sessions", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 200, body = EndedSessionCount), (status = "default", body = Problem)))]
pub(in crate::native) async fn end_sessions(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<JsonAnswer<EndedSessionCount>, ApiError> {
    let accounts = app.accounts()?;
    // So that nothing is told of an account that there is not.
    accounts.own.find(&caller, id).await?;
    let ended = accounts.sessions.end_all_of(&caller, id).await?;
    Ok(JsonAnswer(EndedSessionCount { ended }))
}

/// Switches off the second factor of somebody who lost the device and the backup codes.
#[utoipa::path(delete, path = "/admin/accounts/{id}/two-factor", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 204, description = "It is asked for no more"), (status = "default", body = Problem)))]
pub(in crate::native) async fn disable_two_factor(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<StatusCode, ApiError> {
    app.accounts()?.two_factor.disable_for(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes an account with everything that it owns. The last administrator stays.
#[utoipa::path(delete, path = "/admin/accounts/{id}", tag = "administration", params(("id" = UserId, Path)),
    responses((status = 204, description = "It is gone"), (status = "default", body = Problem)))]
pub(in crate::native) async fn delete(
    State(app): State<App>,
    Administrator(caller): Administrator,
    AccountPath(id): AccountPath,
) -> Result<StatusCode, ApiError> {
    let accounts = &app.accounts()?.own;
    let deletion = accounts.delete_account(&caller, id);
    app.delete_account(id, deletion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role's name out of a body, exactly as the role is named: who may everything is not decided by a guess.
pub(super) fn role_name(name: &str) -> Result<RoleName, ApiError> {
    let invalid = |reason: String| {
        ApiError::from(AccountError::Invalid {
            field: "role",
            reason,
        })
    };
    let role = RoleName::parse(name).map_err(|error| invalid(error.to_string()))?;
    if role.as_str() == name {
        Ok(role)
    } else {
        Err(invalid(format!("must be written as `{role}`")))
    }
}

fn resource(account: &Account) -> AdminAccountResource {
    AdminAccountResource {
        id: account.id,
        email: account.email.as_str().to_owned(),
        email_verified: account.email_verified,
        name: account.name.as_str().to_owned(),
        username: account.username.as_ref().map(ToString::to_string),
        role: account.role.as_str().to_owned(),
        disabled: !account.is_active(),
        provider: account.provider.as_str().to_owned(),
        two_factor: account.two_factor.is_enabled(),
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}
