//! The port of people's own keys for providers.

use async_trait::async_trait;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::ProviderKeyRepository;
use manent_accounts::provider_key::{EndpointName, ProviderKey};
use manent_accounts::secret::SealedSecret;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::audit::tell;
use super::repository;
use super::rows::{execute, limit, many, one};
use crate::error::{Error, to_count};
use crate::rows::{parsed, text, timestamp, timestamp_option, unreadable};
use crate::store::SqliteStore;

pub(super) const COLUMNS: &str =
    "account_id, endpoint, key_version, sealed, created_at, expires_at";

pub(super) fn key(row: &Row<'_>) -> Result<ProviderKey, Error> {
    Ok(ProviderKey {
        owner: parsed(row, 0, "provider_keys.account_id")?,
        endpoint: EndpointName::parse(text(row, 1, "provider_keys.endpoint")?)
            .map_err(|_| unreadable("provider_keys.endpoint"))?,
        sealed: SealedSecret {
            key_version: row.get(2)?,
            blob: row.get(3)?,
        },
        created_at: timestamp(row, 4, "provider_keys.created_at")?,
        expires_at: timestamp_option(row, 5, "provider_keys.expires_at")?,
    })
}

fn put(connection: &Connection, key: &ProviderKey, limit: usize) -> Result<bool, Error> {
    if repository::find(connection, key.owner)?.is_none() {
        return Ok(false);
    }
    let owner = key.owner.to_string();
    let sql = "SELECT count(*) FROM provider_keys WHERE account_id = ?1 AND endpoint <> ?2";
    let values = params![owner, key.endpoint.as_str()];
    let others = one(connection, sql, values, |row| {
        to_count(row.get(0)?, "provider_keys.endpoint")
    })?;
    if others.unwrap_or(0) >= limit as u64 {
        return Ok(false);
    }
    insert(connection, key)?;
    Ok(true)
}

/// Inserts a key, in place of the one that its owner has for its endpoint.
pub(super) fn insert(connection: &Connection, key: &ProviderKey) -> Result<(), Error> {
    let sql =
        format!("INSERT OR REPLACE INTO provider_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    let values = params![
        key.owner.to_string(),
        key.endpoint.as_str(),
        key.sealed.key_version,
        key.sealed.blob,
        key.created_at.as_millisecond(),
        key.expires_at.map(Timestamp::as_millisecond),
    ];
    execute(connection, &sql, values)?;
    Ok(())
}

#[async_trait]
impl ProviderKeyRepository for SqliteStore {
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        self.write(move |unit| {
            let is_stored = put(unit.connection, &key, limit)?;
            if is_stored {
                tell(unit.connection, audit.clone(), key.created_at)?;
            }
            Ok(is_stored)
        })
        .await
    }

    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError> {
        let endpoint = endpoint.clone();
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM provider_keys WHERE account_id = ?1 AND endpoint = ?2"
            );
            let values = params![owner.to_string(), endpoint.as_str()];
            one(connection, &sql, values, key)
        })
        .await
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM provider_keys WHERE account_id = ?1 ORDER BY endpoint"
            );
            many(connection, &sql, [owner.to_string()], key)
        })
        .await
    }

    async fn delete(
        &self,
        owner: UserId,
        endpoint: Option<&EndpointName>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError> {
        let endpoint = endpoint.cloned();
        self.write(move |unit| {
            let sql =
                "DELETE FROM provider_keys WHERE account_id = ?1 AND (?2 IS NULL OR endpoint = ?2)";
            let endpoint = endpoint.as_ref().map(EndpointName::as_str);
            let deleted = execute(unit.connection, sql, params![owner.to_string(), endpoint])?;
            if deleted > 0 {
                tell(unit.connection, audit.clone(), now)?;
            }
            Ok(deleted as u64)
        })
        .await
    }

    async fn list_sealed_before(
        &self,
        key_version: u32,
        most: usize,
    ) -> Result<Vec<ProviderKey>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM provider_keys WHERE key_version < ?1 ORDER BY key_version, account_id, endpoint LIMIT ?2"
            );
            many(connection, &sql, params![key_version, limit(most)?], key)
        })
        .await
    }

    async fn reseal(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
        from: &SealedSecret,
        to: SealedSecret,
    ) -> Result<bool, StoreError> {
        let (endpoint, from) = (endpoint.clone(), from.clone());
        self.write(move |unit| {
            let sql = "UPDATE provider_keys SET key_version = ?5, sealed = ?6 \
                 WHERE account_id = ?1 AND endpoint = ?2 AND key_version = ?3 AND sealed = ?4";
            let values = params![
                owner.to_string(),
                endpoint.as_str(),
                from.key_version,
                from.blob,
                to.key_version,
                to.blob,
            ];
            Ok(execute(unit.connection, sql, values)? > 0)
        })
        .await
    }
}
