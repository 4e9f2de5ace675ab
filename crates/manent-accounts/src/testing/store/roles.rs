//! Roles.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::FakeStore;
use crate::audit::AuditDraft;
use crate::ports::{RoleRepository, StoredRole};
use crate::role::{Permissions, RoleName};

#[async_trait]
impl RoleRepository for FakeStore {
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError> {
        Ok(self.unit("find_role")?.roles.get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<StoredRole>, StoreError> {
        Ok(self.unit("list_roles")?.roles.values().cloned().collect())
    }

    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError> {
        let mut state = self.unit("change_role")?;
        let before = state.roles.get(name).map(|role| role.overrides.clone());
        let role = StoredRole {
            name: name.clone(),
            overrides: before.unwrap_or_default().with(&overrides),
            updated_at: now,
        };
        state.roles.insert(name.clone(), role.clone());
        state.write(audit, now);
        Ok(role)
    }
}
