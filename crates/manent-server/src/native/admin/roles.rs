//! `/admin/roles…`.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use manent_accounts::AccountError;
use manent_accounts::role::{Permissions, Role};
use manent_protocol::{ChangePermissionsRequest, PermissionTable, Problem, RoleList, RoleResource};

use crate::access::Administrator;
use crate::app::App;
use crate::http::body::Json;
use crate::native::error::ApiError;

/// Every role with its permissions.
#[utoipa::path(get, path = "/admin/roles", tag = "administration",
    responses((status = 200, body = RoleList), (status = "default", body = Problem)))]
pub(in crate::native) async fn list(
    State(app): State<App>,
    Administrator(caller): Administrator,
) -> Result<JsonAnswer<RoleList>, ApiError> {
    let roles = app.accounts()?.roles.list(&caller).await?;
    Ok(JsonAnswer(RoleList {
        roles: roles.iter().map(resource).collect(),
    }))
}

/// One role.
#[utoipa::path(get, path = "/admin/roles/{name}", tag = "administration", params(("name" = String, Path)),
    responses((status = 200, body = RoleResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn get(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
) -> Result<JsonAnswer<RoleResource>, ApiError> {
    let role = app.accounts()?.roles.find(&caller, &name).await?;
    Ok(JsonAnswer(resource(&role)))
}

/// Gives or takes permissions of a role; one that is not there yet is made by it. `ADMIN` may everything and stays so.
#[utoipa::path(put, path = "/admin/roles/{name}", tag = "administration", params(("name" = String, Path)),
    request_body = ChangePermissionsRequest,
    responses((status = 200, body = RoleResource), (status = "default", body = Problem)))]
pub(in crate::native) async fn change(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
    Json(request): Json<ChangePermissionsRequest>,
) -> Result<JsonAnswer<RoleResource>, ApiError> {
    let permissions = permissions(&request.permissions)?;
    let roles = &app.accounts()?.roles;
    let role = roles.change(&caller, &name, permissions).await?;
    Ok(JsonAnswer(resource(&role)))
}

fn permissions(table: &PermissionTable) -> Result<Permissions, ApiError> {
    let invalid = |reason: String| AccountError::Invalid {
        field: "permissions",
        reason,
    };
    let mut permissions = Permissions::default();
    for (group, values) in table {
        let known = group
            .parse()
            .map_err(|_| invalid(format!("there are no permissions about {group}")))?;
        for (permission, is_given) in values {
            let which = permission
                .parse()
                .map_err(|_| invalid(format!("{group} has no permission {permission}")))?;
            permissions
                .set(known, which, *is_given)
                .map_err(|error| invalid(error.to_string()))?;
        }
    }
    Ok(permissions)
}

fn resource(role: &Role) -> RoleResource {
    let mut table = PermissionTable::new();
    for (group, permission, is_given) in role.permissions.iter() {
        let group = table.entry(group.as_str().to_owned()).or_default();
        group.insert(permission.as_str().to_owned(), is_given);
    }
    RoleResource {
        name: role.name.as_str().to_owned(),
        permissions: table,
    }
}
