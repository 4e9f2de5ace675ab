use super::*;
use crate::role::{Permission, PermissionGroup};
use crate::testing::{World, account, run};

fn one(group: PermissionGroup, permission: Permission, is_given: bool) -> Permissions {
    let mut permissions = Permissions::default();
    permissions.set(group, permission, is_given).unwrap();
    permissions
}

#[test]
fn what_an_administrator_changes_holds_for_the_role() {
    let world = World::with_account(account("ada@example.org"));
    let ada = world.caller(&world.signed_in("ada@example.org"));
    let roles = world.roles();
    let may = |permission| {
        let role = run(roles.own(&ada)).unwrap();
        ada.require_permission(&role, PermissionGroup::Prompts, permission)
    };
    assert_eq!(may(Permission::Create), Ok(()));
    assert_eq!(may(Permission::Share), Err(AccountError::Forbidden));
    let admin = Caller::command_line();
    let change = |caller: &Caller, name: &str, permission, is_given| {
        let permissions = one(PermissionGroup::Prompts, permission, is_given);
        run(roles.change(caller, name, permissions)).map(|_| ())
    };
    assert_eq!(
        change(&ada, "USER", Permission::Share, true),
        Err(AccountError::Forbidden)
    );
    assert_eq!(change(&admin, "user", Permission::Share, true), Ok(()));
    assert_eq!(change(&admin, "USER", Permission::Create, false), Ok(()));
    assert_eq!(may(Permission::Share), Ok(()));
    assert_eq!(may(Permission::Create), Err(AccountError::Forbidden));
    assert!(matches!(
        change(&admin, "ADMIN", Permission::Create, false),
        Err(AccountError::Invalid { field: "name", .. })
    ));
}

#[test]
fn roles_of_others_are_for_administrators() {
    let world = World::with_account(account("ada@example.org"));
    let ada = world.caller(&world.signed_in("ada@example.org"));
    let roles = world.roles();
    let admin = Caller::command_line();
    let share = one(PermissionGroup::Prompts, Permission::Share, true);
    run(roles.change(&admin, "guest", share)).unwrap();
    let find = |caller: &Caller, name: &str| run(roles.find(caller, name)).map(|role| role.name);
    assert_eq!(find(&ada, "user"), Ok(RoleName::user()));
    assert_eq!(find(&ada, "Admin"), Ok(RoleName::admin()));
    assert_eq!(find(&ada, "guest"), Err(AccountError::Forbidden));
    assert_eq!(find(&ada, "unknown"), Err(AccountError::Forbidden));
    assert!(find(&admin, "guest").is_ok());
    assert_eq!(find(&admin, "unknown"), Err(AccountError::NotFound));
    let names: Vec<_> = run(roles.list(&admin))
        .unwrap()
        .into_iter()
        .map(|role| role.name.to_string())
        .collect();
    assert_eq!(names, ["ADMIN", "USER", "GUEST"]);
}
