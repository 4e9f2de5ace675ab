//! Roles.

use futures_util::future::join_all;
use manent_accounts::audit::AuditKind;
use manent_accounts::ports::{RoleRepository, StoredRole};
use manent_accounts::role::{Permission, PermissionGroup, Permissions, RoleName};

use super::AccountStore;
use super::desk::{Desk, draft};
use crate::conformance::person::at;

fn uses(group: PermissionGroup, is_given: bool) -> Permissions {
    let mut permissions = Permissions::default();
    permissions.set(group, Permission::Use, is_given).unwrap();
    permissions
}

async fn change(
    store: &dyn AccountStore,
    name: &RoleName,
    overrides: Permissions,
    seconds: i64,
) -> StoredRole {
    let audit = draft(AuditKind::RolePermissionsChanged);
    let changed = RoleRepository::change(store, name, overrides, at(seconds), audit).await;
    changed.unwrap()
}

/// And every change is told, one that changes nothing too.
pub async fn overrides_are_laid_over_each_other(store: &dyn AccountStore) {
    let user = RoleName::user();
    let found = async || RoleRepository::find(store, &user).await.unwrap();
    assert_eq!(found().await, None);
    let bookmarks = uses(PermissionGroup::Bookmarks, false);
    change(store, &user, bookmarks.clone(), 1).await;
    let prompts = uses(PermissionGroup::Prompts, true);
    change(store, &user, prompts.clone(), 2).await;
    let changed = change(store, &user, uses(PermissionGroup::Bookmarks, true), 3).await;
    let expected = StoredRole {
        name: user.clone(),
        overrides: prompts.with(&uses(PermissionGroup::Bookmarks, true)),
        updated_at: at(3),
    };
    assert_eq!(changed, expected);
    assert_eq!(found().await, Some(expected));
    change(store, &user, Permissions::default(), 4).await;
    let desk = Desk::new(store);
    assert_eq!(desk.told(0).await, [AuditKind::RolePermissionsChanged; 4]);
}

/// All that were changed.
pub async fn roles_are_listed_by_name(store: &dyn AccountStore) {
    for name in ["user", "a role", "Guest"] {
        let name = RoleName::parse(name).unwrap();
        change(store, &name, uses(PermissionGroup::RunCode, false), 1).await;
    }
    let roles = RoleRepository::list(store).await.unwrap();
    let names: Vec<_> = roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["A ROLE", "GUEST", "USER"]);
}

/// None is lost.
pub async fn changes_at_the_same_time_are_all_kept(store: &dyn AccountStore) {
    let groups = [
        PermissionGroup::Prompts,
        PermissionGroup::Agents,
        PermissionGroup::Bookmarks,
        PermissionGroup::Memories,
        PermissionGroup::RunCode,
        PermissionGroup::WebSearch,
    ];
    let user = &RoleName::user();
    let changing = |group| async move { change(store, user, uses(group, false), 1).await };
    join_all(groups.map(changing)).await;
    let role = RoleRepository::find(store, user).await.unwrap().unwrap();
    for group in groups {
        assert_eq!(
            role.overrides.get(group, Permission::Use),
            Some(false),
            "{group}"
        );
    }
}
