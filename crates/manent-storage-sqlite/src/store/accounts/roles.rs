//! The port of roles.

use async_trait::async_trait;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{RoleRepository, StoredRole};
use manent_accounts::role::{Permissions, RoleName};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;
use rusqlite::{Connection, Row, params};

use super::audit::tell;
use super::rows::{execute, many, one, role};
use crate::error::Error;
use crate::rows::{text, timestamp, unreadable};
use crate::store::SqliteStore;

pub(super) fn stored(row: &Row<'_>) -> Result<StoredRole, Error> {
    let overrides = text(row, 1, "roles.overrides")?;
    Ok(StoredRole {
        name: role(row, 0, "roles.name")?,
        overrides: serde_json::from_str(overrides).map_err(|_| unreadable("roles.overrides"))?,
        updated_at: timestamp(row, 2, "roles.updated_at")?,
    })
}

fn find(connection: &Connection, name: &RoleName) -> Result<Option<StoredRole>, Error> {
    let sql = "SELECT name, overrides, updated_at FROM roles WHERE name = ?1";
    one(connection, sql, [name.as_str()], stored)
}

fn change(
    connection: &Connection,
    name: &RoleName,
    overrides: &Permissions,
    now: Timestamp,
) -> Result<StoredRole, Error> {
    let before = find(connection, name)?.map(|role| role.overrides);
    let overrides = before.unwrap_or_default().with(overrides);
    let role = StoredRole {
        name: name.clone(),
        overrides,
        updated_at: now,
    };
    write(connection, &role)?;
    Ok(role)
}

/// Writes a role in place of the one with its name.
pub(super) fn write(connection: &Connection, role: &StoredRole) -> Result<(), Error> {
    let json = serde_json::to_string(&role.overrides).map_err(|_| Error::Unfit {
        what: "the permissions of a role",
    })?;
    execute(
        connection,
        "INSERT INTO roles (name, overrides, updated_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (name) DO UPDATE SET overrides = excluded.overrides, updated_at = excluded.updated_at",
        params![role.name.as_str(), json, role.updated_at.as_millisecond()],
    )?;
    Ok(())
}

#[async_trait]
impl RoleRepository for SqliteStore {
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError> {
        let name = name.clone();
        self.read(move |connection| find(connection, &name)).await
    }

    async fn list(&self) -> Result<Vec<StoredRole>, StoreError> {
        let sql = "SELECT name, overrides, updated_at FROM roles ORDER BY name";
        self.read(move |connection| many(connection, sql, [], stored))
            .await
    }

    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError> {
        let name = name.clone();
        self.write(move |unit| {
            let role = change(unit.connection, &name, &overrides, now)?;
            tell(unit.connection, audit.clone(), now)?;
            Ok(role)
        })
        .await
    }
}
