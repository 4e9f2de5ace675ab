//! Roles and their permissions.

use std::sync::Arc;

use super::context::{AccountPorts, Context, invalid};
use crate::AccountError;
use crate::audit::AuditKind;
use crate::caller::Caller;
use crate::policy::AccountPolicy;
use crate::role::{Permissions, Role, RoleName};

/// Reads and changes roles.
#[derive(Clone)]
pub struct RoleService {
    context: Context,
}

impl RoleService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// The caller's own role, for [`Caller::require_permission`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own(&self, caller: &Caller) -> Result<Role, AccountError> {
        let name = caller.role();
        let stored = self.context.ports.roles.find(name).await?;
        let overrides = stored.map(|stored| stored.overrides).unwrap_or_default();
        Ok(Role::new(name.clone(), &overrides))
    }

    /// A role by its name: the own one and the built-in ones for everybody, others for administrators.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] when there is none, [`AccountError::Forbidden`] when it is not for the caller, or the store fails.
    pub async fn find(&self, caller: &Caller, name: &str) -> Result<Role, AccountError> {
        let name = RoleName::parse(name).map_err(|_| AccountError::NotFound)?;
        let is_open = name.is_built_in() || name == *caller.role();
        if !is_open {
            caller.require_admin()?;
        }
        let stored = self.context.ports.roles.find(&name).await?;
        if stored.is_none() && !is_open {
            return Err(AccountError::NotFound);
        }
        let overrides = stored.map(|stored| stored.overrides).unwrap_or_default();
        Ok(Role::new(name, &overrides))
    }

    /// Every role, the built-in ones first.
    ///
    /// # Errors
    /// When the caller may not administer, or the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Role>, AccountError> {
        caller.require_admin()?;
        let stored = self.context.ports.roles.list().await?;
        let mut roles = Vec::new();
        for name in [RoleName::admin(), RoleName::user()] {
            let overrides = stored.iter().find(|stored| stored.name == name);
            let overrides = overrides.map(|stored| stored.overrides.clone());
            roles.push(Role::new(name, &overrides.unwrap_or_default()));
        }
        let others = stored.iter().filter(|stored| !stored.name.is_built_in());
        roles.extend(others.map(|stored| Role::new(stored.name.clone(), &stored.overrides)));
        Ok(roles)
    }

    /// Changes permissions of a role; a role that is not there yet is made by it. `ADMIN` may everything and stays so.
    ///
    /// # Errors
    /// When the caller may not administer, the name is none or `ADMIN`, or the store fails.
    pub async fn change(
        &self,
        caller: &Caller,
        name: &str,
        permissions: Permissions,
    ) -> Result<Role, AccountError> {
        caller.require_admin()?;
        let name = RoleName::parse(name).map_err(|error| invalid("name", error))?;
        if name.is_admin() {
            return Err(invalid(
                "name",
                "ADMIN may everything; its permissions cannot be changed",
            ));
        }
        let mut audit = caller
            .audit(AuditKind::RolePermissionsChanged)
            .with("role", &name);
        for (group, permission, is_given) in permissions.iter() {
            audit = audit.with(&format!("{group}.{permission}"), is_given);
        }
        let roles = &self.context.ports.roles;
        let stored = roles
            .change(&name, permissions, self.context.now(), audit)
            .await?;
        Ok(Role::new(stored.name, &stored.overrides))
    }
}

#[cfg(test)]
mod tests;
