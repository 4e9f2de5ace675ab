//! The port of roles.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{RoleRepository, StoredRole};
use manent_accounts::role::{Permissions, RoleName};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;
use tokio_postgres::Row;

use super::audit::tell;
use super::rows::{execute, many, one, role};
use crate::error::Error;
use crate::rows::{get, timestamp, unreadable};
use crate::store::PostgresStore;

pub(super) fn stored(row: &Row) -> Result<StoredRole, Error> {
    let overrides = get(row, 1, "roles.overrides")?;
    Ok(StoredRole {
        name: role(row, 0, "roles.name")?,
        overrides: serde_json::from_str(overrides).map_err(|_| unreadable("roles.overrides"))?,
        updated_at: timestamp(row, 2, "roles.updated_at")?,
    })
}

async fn change(
    client: &ClientWrapper,
    name: RoleName,
    overrides: &Permissions,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<StoredRole, Error> {
    // The row is there first, so that there is something to lock.
    let sql = "INSERT INTO roles (name, overrides, updated_at) VALUES ($1, '{}', $2) ON CONFLICT (name) DO NOTHING";
    execute(client, sql, &[&name.as_str(), &now.as_millisecond()]).await?;
    let sql = "SELECT name, overrides, updated_at FROM roles WHERE name = $1 FOR UPDATE";
    let row = one(client, sql, &[&name.as_str()]).await?;
    let before = row.as_ref().map(stored).transpose()?;
    let before = before.map(|role| role.overrides).unwrap_or_default();
    let role = StoredRole {
        name,
        overrides: before.with(overrides),
        updated_at: now,
    };
    write(client, &role).await?;
    tell(client, audit, now).await?;
    Ok(role)
}

/// Writes a role in place of the one with its name.
pub(super) async fn write(client: &ClientWrapper, role: &StoredRole) -> Result<(), Error> {
    let json = serde_json::to_string(&role.overrides).map_err(|_| Error::Unfit {
        what: "the permissions of a role",
    })?;
    let sql = "INSERT INTO roles (name, overrides, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET overrides = EXCLUDED.overrides, updated_at = EXCLUDED.updated_at";
    let (name, updated_at) = (role.name.as_str(), role.updated_at.as_millisecond());
    execute(client, sql, &[&name, &json, &updated_at]).await?;
    Ok(())
}

#[async_trait]
impl RoleRepository for PostgresStore {
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                let name = name.clone();
                Box::pin(async move {
                    let sql = "SELECT name, overrides, updated_at FROM roles WHERE name = $1";
                    let row = one(client, sql, &[&name.as_str()]).await?;
                    row.as_ref().map(stored).transpose()
                })
            })
            .await
    }

    async fn list(&self) -> Result<Vec<StoredRole>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = "SELECT name, overrides, updated_at FROM roles ORDER BY name";
                    let rows = many(client, sql, &[]).await?;
                    rows.iter().map(stored).collect()
                })
            })
            .await
    }

    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError> {
        self.unit(|client| {
            let (name, overrides, audit) = (name.clone(), overrides.clone(), audit.clone());
            Box::pin(async move { change(client, name, &overrides, now, audit).await })
        })
        .await
    }
}
