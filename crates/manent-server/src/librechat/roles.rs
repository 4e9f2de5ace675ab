//! `/api/roles/…`: what people of a kind may do.

use std::collections::BTreeMap;

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_accounts::role::{Permission, PermissionGroup, Permissions, Role};
use serde::Serialize;
use serde_json::json;

use super::answer::Refusal;
use super::local;
use super::permissions::effective;
use crate::access::{Person, Reading};
use crate::app::App;
use crate::http::body::Json;

/// A role with all its permissions.
#[derive(Serialize)]
pub(super) struct RoleAnswer {
    name: String,
    permissions: Permissions,
}

impl From<Role> for RoleAnswer {
    fn from(role: Role) -> Self {
        Self {
            name: role.name.as_str().to_owned(),
            permissions: role.permissions,
        }
    }
}

/// A role by its name, in whatever letters.
pub(super) async fn get(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
    Path(name): Path<String>,
) -> Result<JsonAnswer<RoleAnswer>, Refusal> {
    let surface = app.librechat()?;
    let Some(accounts) = &app.accounts else {
        let role = local::role(surface);
        return if name.eq_ignore_ascii_case(role.name.as_str()) {
            Ok(JsonAnswer(role.into()))
        } else {
            Err(refusal(AccountError::NotFound))
        };
    };
    let found = accounts.roles.find(&caller, &name).await;
    let role = found.map_err(refusal)?;
    Ok(JsonAnswer(effective(surface, role).into()))
}

/// The parts of a role that administrators change one at a time: the last part of the path, and what it is about.
const PARTS: [(&str, PermissionGroup); 8] = [
    ("prompts", PermissionGroup::Prompts),
    ("agents", PermissionGroup::Agents),
    ("memories", PermissionGroup::Memories),
    ("people-picker", PermissionGroup::PeoplePicker),
    ("mcp-servers", PermissionGroup::McpServers),
    ("marketplace", PermissionGroup::Marketplace),
    ("remote-agents", PermissionGroup::RemoteAgents),
    ("skills", PermissionGroup::Skills),
];

/// Changes permissions of one group.
pub(super) async fn change(
    State(app): State<App>,
    Person(caller): Person,
    Path((name, part)): Path<(String, String)>,
    Json(given): Json<BTreeMap<String, bool>>,
) -> Result<JsonAnswer<RoleAnswer>, Refusal> {
    caller.require_admin()?;
    let known = PARTS.iter().find(|(known, _)| *known == part);
    let Some((_, group)) = known else {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "Endpoint not found"));
    };
    let mut permissions = Permissions::default();
    for (text, is_given) in given {
        let permission = text
            .parse::<Permission>()
            .map_err(|_| invalid(&part, &text))?;
        permissions
            .set(*group, permission, is_given)
            .map_err(|_| invalid(&part, &text))?;
    }
    let roles = &app.accounts()?.roles;
    roles.find(&caller, &name).await.map_err(refusal)?;
    let changed = roles.change(&caller, &name, permissions).await;
    let role = changed.map_err(refusal)?;
    Ok(JsonAnswer(effective(app.librechat()?, role).into()))
}

fn invalid(part: &str, text: &str) -> Refusal {
    let message = format!("Invalid permissions of {part}");
    let error = crate::http::body::bounded(format!("there is no permission {text:?}"));
    Refusal::Json(
        StatusCode::BAD_REQUEST,
        json!({"message": message, "error": error}),
    )
}

fn refusal(error: AccountError) -> Refusal {
    match error {
        AccountError::NotFound => Refusal::new(StatusCode::NOT_FOUND, "Role not found"),
        AccountError::Forbidden => Refusal::new(StatusCode::FORBIDDEN, "Unauthorized"),
        AccountError::Invalid { reason, .. } => Refusal::Json(
            StatusCode::BAD_REQUEST,
            json!({"message": "The role cannot be changed so", "error": reason}),
        ),
        other => other.into(),
    }
}
