//! What a role may on this server: what accounts say, what LibreChat's configuration says, and what there is.

use manent_accounts::role::{Permission, PermissionGroup, Permissions, Role};
use serde_json::Value;

use super::surface::Surface;

/// What there is not: nobody may it, administrators included, so that the client neither shows it nor asks for it.
const ABSENT: [PermissionGroup; 11] = [
    PermissionGroup::Agents,
    PermissionGroup::Memories,
    PermissionGroup::RunCode,
    PermissionGroup::WebSearch,
    PermissionGroup::FileSearch,
    PermissionGroup::FileCitations,
    PermissionGroup::PeoplePicker,
    PermissionGroup::Marketplace,
    PermissionGroup::McpServers,
    PermissionGroup::RemoteAgents,
    PermissionGroup::Skills,
];

/// Sharing with chosen people, which there is not either; a link for everybody is another permission.
const ABSENT_PERMISSIONS: [(PermissionGroup, Permission); 2] = [
    (PermissionGroup::Prompts, Permission::Share),
    (PermissionGroup::SharedLinks, Permission::Share),
];

/// What a role may. What LibreChat's configuration says counts for everybody who is no administrator.
pub(super) fn effective(surface: &Surface, role: Role) -> Role {
    let mut permissions = role.permissions;
    if !role.name.is_admin() {
        permissions = permissions.with(&configured(surface));
    }
    let absent: Vec<(PermissionGroup, Permission)> = permissions
        .iter()
        .filter(|(group, permission, is_given)| *is_given && is_absent(*group, *permission))
        .map(|(group, permission, _)| (group, permission))
        .collect();
    for (group, permission) in absent {
        // Every one of them came from its own group.
        let _ = permissions.set(group, permission, false);
    }
    Role {
        name: role.name,
        permissions,
    }
}

fn is_absent(group: PermissionGroup, permission: Permission) -> bool {
    ABSENT.contains(&group) || ABSENT_PERMISSIONS.contains(&(group, permission))
}

fn configured(surface: &Surface) -> Permissions {
    let said = Value::Object(surface.settings.interface.permissions.clone());
    let mut permissions: Permissions = serde_json::from_value(said).unwrap_or_default();
    if !surface.settings.variables.allows_shared_links {
        for permission in [Permission::Create, Permission::SharePublic] {
            // The group has both.
            let _ = permissions.set(PermissionGroup::SharedLinks, permission, false);
        }
    }
    permissions
}
