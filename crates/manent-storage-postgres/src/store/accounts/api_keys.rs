//! The port of API keys.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::account::Account;
use manent_accounts::api_key::{ApiKey, Scopes};
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::{ApiKeyRepository, KeyCreated};
use manent_accounts::secret::SecretDigest;
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, Timestamp, UserId};
use tokio_postgres::Row;

use super::audit::tell;
use super::repository::lock;
use super::rows::{ACCOUNT_COLUMNS, account, bytes, execute, many, one};
use crate::error::Error;
use crate::rows::{count, get, timestamp, timestamp_option, unreadable, user_id};
use crate::store::PostgresStore;

pub(super) const COLUMNS: &str = "api_keys.id, api_keys.account_id, api_keys.name, api_keys.digest, api_keys.scopes, api_keys.created_at, \
     api_keys.last_used_at, api_keys.expires_at, api_keys.revoked_at";

/// How many columns there are.
const WIDTH: usize = 9;

pub(super) fn key(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: ApiKeyId::new(get(row, 0, "api_keys.id")?),
        owner: user_id(row, 1, "api_keys.account_id")?,
        name: get(row, 2, "api_keys.name")?,
        digest: SecretDigest::from_bytes(bytes(row, 3, "api_keys.digest")?),
        scopes: Scopes::from_text(get(row, 4, "api_keys.scopes")?)
            .map_err(|_| unreadable("api_keys.scopes"))?,
        created_at: timestamp(row, 5, "api_keys.created_at")?,
        last_used_at: timestamp_option(row, 6, "api_keys.last_used_at")?,
        expires_at: timestamp_option(row, 7, "api_keys.expires_at")?,
        revoked_at: timestamp_option(row, 8, "api_keys.revoked_at")?,
    })
}

pub(super) async fn insert(client: &ClientWrapper, key: &ApiKey) -> Result<(), Error> {
    execute(
        client,
        "INSERT INTO api_keys (id, account_id, name, digest, scopes, created_at, last_used_at, expires_at, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &key.id.as_uuid(),
            &key.owner.as_uuid(),
            &key.name,
            &&key.digest.as_bytes()[..],
            &key.scopes.to_text(),
            &key.created_at.as_millisecond(),
            &key.last_used_at.map(Timestamp::as_millisecond),
            &key.expires_at.map(Timestamp::as_millisecond),
            &key.revoked_at.map(Timestamp::as_millisecond),
        ],
    )
    .await?;
    Ok(())
}

async fn create(
    client: &ClientWrapper,
    key: &ApiKey,
    limit: usize,
    audit: AuditDraft,
) -> Result<KeyCreated, Error> {
    // The lock keeps another key of the owner from being counted too late.
    let owner = lock(client, key.owner).await?;
    if !owner.is_some_and(|owner| owner.is_active()) {
        return Ok(KeyCreated::OwnerUnknown);
    }
    let sql = "SELECT count(*) FROM api_keys \
         WHERE account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    let (owner, at) = (key.owner.as_uuid(), key.created_at.as_millisecond());
    let live = match one(client, sql, &[&owner, &at]).await? {
        Some(row) => count(&row, 0, "api_keys.id")?,
        None => 0,
    };
    if live >= limit as u64 {
        return Ok(KeyCreated::TooMany);
    }
    insert(client, key).await?;
    tell(client, audit, key.created_at).await?;
    Ok(KeyCreated::Stored)
}

async fn find(client: &ClientWrapper, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, {ACCOUNT_COLUMNS} FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id \
         WHERE api_keys.id = $1"
    );
    let row = one(client, &sql, &[&id.as_uuid()]).await?;
    row.map(|row| Ok((key(&row)?, account(&row, WIDTH)?)))
        .transpose()
}

async fn revoke(
    client: &ClientWrapper,
    owner: UserId,
    id: ApiKeyId,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<Option<ApiKey>, Error> {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";
    let (key_id, owner) = (id.as_uuid(), owner.as_uuid());
    let is_new = execute(client, sql, &[&key_id, &owner, &now.as_millisecond()]).await? > 0;
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE id = $1 AND account_id = $2");
    let row = one(client, &sql, &[&key_id, &owner]).await?;
    let found = row.as_ref().map(key).transpose()?;
    if is_new {
        tell(client, audit, now).await?;
    }
    Ok(found)
}

#[async_trait]
impl ApiKeyRepository for PostgresStore {
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError> {
        self.unit(|client| {
            let (key, audit) = (key.clone(), audit.clone());
            Box::pin(async move { create(client, &key, limit, audit).await })
        })
        .await
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError> {
        let connections = &self.opened.connections;
        connections.read(|client| Box::pin(find(client, id))).await
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC"
                    );
                    let rows = many(client, &sql, &[&owner.as_uuid()]).await?;
                    rows.iter().map(key).collect()
                })
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
        self.unit(|client| Box::pin(revoke(client, owner, id, now, audit.clone())))
            .await
    }

    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        self.unit(|client| {
            Box::pin(async move {
                let sql = "UPDATE api_keys SET last_used_at = $3 \
                     WHERE id = $1 AND account_id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
                let (id, owner, now) = (id.as_uuid(), owner.as_uuid(), now.as_millisecond());
                execute(client, sql, &[&id, &owner, &now]).await?;
                Ok(())
            })
        })
        .await
    }
}
