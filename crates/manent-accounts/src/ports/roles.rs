//! Stores of roles.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::audit::AuditDraft;
use crate::role::{Permissions, RoleName};

/// What is stored about a role: what was changed about it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRole {
    /// Its name.
    pub name: RoleName,
    /// What differs from the defaults.
    pub overrides: Permissions,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Roles. The built-in ones need no row.
#[async_trait]
pub trait RoleRepository: Send + Sync {
    /// What is stored about a role.
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError>;

    /// All stored roles, by name.
    async fn list(&self) -> Result<Vec<StoredRole>, StoreError>;

    /// Lays permissions over what is stored about a role ([`Permissions::with`]), making its row if need be; answers what is stored then.
    /// The entry in the audit log is always written.
    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError>;
}
