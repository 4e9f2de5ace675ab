//! The port of roles.

use async_trait::async_trait;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{RoleRepository, StoredRole};
use manent_accounts::role::{Permissions, RoleName};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::MemoryStore;

#[async_trait]
impl RoleRepository for MemoryStore {
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError> {
        Ok(self.state().accounts.roles.get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<StoredRole>, StoreError> {
        Ok(self.state().accounts.roles.values().cloned().collect())
    }

    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let before = state.roles.get(name).map(|role| role.overrides.clone());
        let role = StoredRole {
            name: name.clone(),
            overrides: before.unwrap_or_default().with(&overrides),
            updated_at: now,
        };
        state.roles.insert(name.clone(), role.clone());
        state.tell(audit, now);
        Ok(role)
    }
}
