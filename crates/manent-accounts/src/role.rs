//! Roles: what people of a kind may do.
//!
//! Two roles are built in. `ADMIN` may everything, always. `USER` begins with [`Permissions::of_user`]; what an administrator changed is
//! kept as an override of its own, so that a permission that a later version brings gets its default.

mod permissions;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use permissions::{Permission, PermissionGroup, Permissions, UnknownPermission};

/// The text is no name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role's name has 1 to 64 letters, digits, spaces and signs _ -")]
pub struct InvalidRoleName;

/// The name of a role; in upper case, so that names that differ in case alone are one role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidRoleName> {
        let text = text.trim();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" _-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(InvalidRoleName)
        }
    }

    /// `USER`: what everybody is at first.
    pub fn user() -> Self {
        Self("USER".to_owned())
    }

    /// `ADMIN`: may everything.
    pub fn admin() -> Self {
        Self("ADMIN".to_owned())
    }

    /// Whether it is `ADMIN`.
    pub fn is_admin(&self) -> bool {
        self.0 == "ADMIN"
    }

    /// Whether it is one of the two that are always there.
    pub fn is_built_in(&self) -> bool {
        matches!(self.0.as_str(), "ADMIN" | "USER")
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for RoleName {
    type Error = InvalidRoleName;

    fn try_from(text: String) -> Result<Self, InvalidRoleName> {
        Self::parse(&text)
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0
    }
}

/// A role with all its permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// Every permission there is, with whether the role has it.
    pub permissions: Permissions,
}

impl Role {
    /// The role of this name with what was changed about it. `ADMIN` may everything, whatever the overrides say; a role that is not built
    /// in begins with what `USER` may.
    pub fn new(name: RoleName, overrides: &Permissions) -> Self {
        let permissions = if name.is_admin() {
            Permissions::of_admin()
        } else {
            Permissions::of_user().with(overrides)
        };
        Self { name, permissions }
    }

    /// Whether the role has a permission.
    pub fn may(&self, group: PermissionGroup, permission: Permission) -> bool {
        self.permissions.get(group, permission) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_more_than_case() {
        assert_eq!(RoleName::parse(" admin "), Ok(RoleName::admin()));
        assert_eq!(RoleName::parse("User"), Ok(RoleName::user()));
        for bad in ["", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(RoleName::parse(bad), Err(InvalidRoleName), "{bad}");
        }
    }

    #[test]
    fn overrides_change_users_and_never_administrators() {
        let mut overrides = Permissions::default();
        overrides
            .set(PermissionGroup::Bookmarks, Permission::Use, false)
            .unwrap();
        let user = Role::new(RoleName::user(), &overrides);
        let admin = Role::new(RoleName::admin(), &overrides);
        assert!(!user.may(PermissionGroup::Bookmarks, Permission::Use));
        assert!(user.may(PermissionGroup::Prompts, Permission::Create));
        assert!(!user.may(PermissionGroup::Marketplace, Permission::Use));
        assert!(admin.may(PermissionGroup::Bookmarks, Permission::Use));
        assert!(admin.may(PermissionGroup::Marketplace, Permission::Use));
    }
}
