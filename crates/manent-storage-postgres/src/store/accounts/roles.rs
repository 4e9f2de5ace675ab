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

fn stored(row: &Row) -> Result<StoredRole, Error> {
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
    let overrides = before.with(overrides);
    let json = serde_json::to_string(&overrides).map_err(|_| Error::Unfit {
        what: "the permissions of a role",
    })?;
    let sql = "UPDATE roles SET overrides = $2, updated_at = $3 WHERE name = $1";
    execute(client, sql, &[&name.as_str(), &json, &now.as_millisecond()]).await?;
    tell(client, audit, now).await?;
    Ok(StoredRole {
        name,
        overrides,
        updated_at: now,
    })
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
