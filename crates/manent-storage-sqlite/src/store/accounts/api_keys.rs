//! The port of API keys.

use async_trait::async_trait;
use manent_accounts::account::Account;
use manent_accounts::api_key::{ApiKey, Scopes};
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{ApiKeyRepository, KeyCreated};
use manent_accounts::secret::SecretDigest;
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::audit::tell;
use super::repository;
use super::rows::{ACCOUNT_COLUMNS, account, execute, many, one};
use crate::error::{Error, to_count};
use crate::rows::{parsed, text, timestamp, timestamp_option, unreadable};
use crate::store::SqliteStore;

pub(super) const COLUMNS: &str = "api_keys.id, api_keys.account_id, api_keys.name, api_keys.digest, api_keys.scopes, api_keys.created_at, \
     api_keys.last_used_at, api_keys.expires_at, api_keys.revoked_at";

/// How many columns there are.
const WIDTH: usize = 9;

pub(super) fn key(row: &Row<'_>) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: parsed(row, 0, "api_keys.id")?,
        owner: parsed(row, 1, "api_keys.account_id")?,
        name: row.get(2)?,
        digest: SecretDigest::from_bytes(row.get(3)?),
        scopes: Scopes::from_text(text(row, 4, "api_keys.scopes")?)
            .map_err(|_| unreadable("api_keys.scopes"))?,
        created_at: timestamp(row, 5, "api_keys.created_at")?,
        last_used_at: timestamp_option(row, 6, "api_keys.last_used_at")?,
        expires_at: timestamp_option(row, 7, "api_keys.expires_at")?,
        revoked_at: timestamp_option(row, 8, "api_keys.revoked_at")?,
    })
}

/// Inserts a key.
pub(super) fn insert(connection: &Connection, key: &ApiKey) -> Result<(), Error> {
    execute(
        connection,
        "INSERT INTO api_keys (id, account_id, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            key.id.to_string(),
            key.owner.to_string(),
            key.name,
            key.digest.as_bytes(),
            key.scopes.to_text(),
            key.created_at.as_millisecond(),
            key.last_used_at.map(Timestamp::as_millisecond),
            key.expires_at.map(Timestamp::as_millisecond),
            key.revoked_at.map(Timestamp::as_millisecond),
        ],
    )?;
    Ok(())
}

fn live_keys(connection: &Connection, owner: UserId, now: Timestamp) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM api_keys \
         WHERE account_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";
    let values = params![owner.to_string(), now.as_millisecond()];
    let count = one(connection, sql, values, |row| {
        to_count(row.get(0)?, "api_keys.id")
    })?;
    Ok(count.unwrap_or(0))
}

fn create(connection: &Connection, key: &ApiKey, limit: usize) -> Result<KeyCreated, Error> {
    let owner = repository::find(connection, key.owner)?;
    if !owner.is_some_and(|owner| owner.is_active()) {
        return Ok(KeyCreated::OwnerUnknown);
    }
    if live_keys(connection, key.owner, key.created_at)? >= limit as u64 {
        return Ok(KeyCreated::TooMany);
    }
    insert(connection, key)?;
    Ok(KeyCreated::Stored)
}

fn revoke(
    connection: &Connection,
    owner: UserId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(bool, Option<ApiKey>), Error> {
    let sql = "UPDATE api_keys SET revoked_at = ?3 WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL";
    let values = params![id.to_string(), owner.to_string(), now.as_millisecond()];
    let is_new = execute(connection, sql, values)? > 0;
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1 AND account_id = ?2");
    let found = one(connection, &sql, [id.to_string(), owner.to_string()], key)?;
    Ok((is_new, found))
}

#[async_trait]
impl ApiKeyRepository for SqliteStore {
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError> {
        self.write(move |unit| {
            let created = create(unit.connection, &key, limit)?;
            if created == KeyCreated::Stored {
                tell(unit.connection, audit.clone(), key.created_at)?;
            }
            Ok(created)
        })
        .await
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS}, {ACCOUNT_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id \
                 WHERE api_keys.id = ?1"
            );
            one(connection, &sql, [id.to_string()], |row| {
                Ok((key(row)?, account(row, WIDTH)?))
            })
        })
        .await
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM api_keys WHERE account_id = ?1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC"
            );
            many(connection, &sql, [owner.to_string()], key)
        })
        .await
    }

    async fn revoke(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.write(move |unit| {
            let (is_new, found) = revoke(unit.connection, owner, id, now)?;
            if is_new {
                tell(unit.connection, audit.clone(), now)?;
            }
            Ok(found)
        })
        .await
    }

    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |unit| {
            let sql = "UPDATE api_keys SET last_used_at = ?3 \
                 WHERE id = ?1 AND account_id = ?2 AND (last_used_at IS NULL OR last_used_at < ?3)";
            let values = params![id.to_string(), owner.to_string(), now.as_millisecond()];
            execute(unit.connection, sql, values)?;
            Ok(())
        })
        .await
    }
}
