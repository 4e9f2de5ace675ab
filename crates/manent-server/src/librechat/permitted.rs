//! Whether somebody may do something of LibreChat's at all.

use axum::http::StatusCode;
use manent_accounts::caller::Caller;
use manent_accounts::role::{Permission, PermissionGroup};

use super::answer::Refusal;
use super::local;
use super::permissions::effective;
use crate::app::App;

/// Whether the caller's role has a permission, as the client is told it.
pub(super) async fn may(
    app: &App,
    caller: &Caller,
    group: PermissionGroup,
    permission: Permission,
) -> Result<bool, Refusal> {
    let surface = app.librechat()?;
    let role = match &app.accounts {
        Some(accounts) => effective(surface, accounts.roles.own(caller).await?),
        None => local::role(surface),
    };
    Ok(role.may(group, permission))
}

/// Refuses whoever has it not.
pub(super) async fn require(
    app: &App,
    caller: &Caller,
    group: PermissionGroup,
    permission: Permission,
) -> Result<(), Refusal> {
    if may(app, caller, group, permission).await? {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "Forbidden: Insufficient permissions",
    ))
}
