//! The port of people's own keys for providers.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::ProviderKeyRepository;
use manent_accounts::provider_key::{EndpointName, ProviderKey};
use manent_accounts::secret::SealedSecret;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use tokio_postgres::Row;

use super::audit::tell;
use super::repository::lock;
use super::rows::{execute, limit, many, one};
use crate::error::Error;
use crate::rows::{count, get, timestamp, timestamp_option, unreadable, user_id};
use crate::store::PostgresStore;

pub(super) const COLUMNS: &str =
    "account_id, endpoint, key_version, sealed, created_at, expires_at";

pub(super) fn key(row: &Row) -> Result<ProviderKey, Error> {
    let version: i64 = get(row, 2, "provider_keys.key_version")?;
    Ok(ProviderKey {
        owner: user_id(row, 0, "provider_keys.account_id")?,
        endpoint: EndpointName::parse(get(row, 1, "provider_keys.endpoint")?)
            .map_err(|_| unreadable("provider_keys.endpoint"))?,
        sealed: SealedSecret {
            key_version: u32::try_from(version)
                .map_err(|_| unreadable("provider_keys.key_version"))?,
            blob: get(row, 3, "provider_keys.sealed")?,
        },
        created_at: timestamp(row, 4, "provider_keys.created_at")?,
        expires_at: timestamp_option(row, 5, "provider_keys.expires_at")?,
    })
}

async fn put(
    client: &ClientWrapper,
    key: &ProviderKey,
    limit: usize,
    audit: AuditDraft,
) -> Result<bool, Error> {
    // The lock keeps another key of the owner from being counted too late.
    if lock(client, key.owner).await?.is_none() {
        return Ok(false);
    }
    let (owner, endpoint) = (key.owner.as_uuid(), key.endpoint.as_str());
    let sql = "SELECT count(*) FROM provider_keys WHERE account_id = $1 AND endpoint <> $2";
    let others = match one(client, sql, &[&owner, &endpoint]).await? {
        Some(row) => count(&row, 0, "provider_keys.endpoint")?,
        None => 0,
    };
    if others >= limit as u64 {
        return Ok(false);
    }
    insert(client, key).await?;
    tell(client, audit, key.created_at).await?;
    Ok(true)
}

/// Inserts a key, in place of the one that its owner has for its endpoint.
pub(super) async fn insert(client: &ClientWrapper, key: &ProviderKey) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO provider_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (account_id, endpoint) DO UPDATE SET key_version = EXCLUDED.key_version, sealed = EXCLUDED.sealed, \
         created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at"
    );
    execute(
        client,
        &sql,
        &[
            &key.owner.as_uuid(),
            &key.endpoint.as_str(),
            &i64::from(key.sealed.key_version),
            &key.sealed.blob,
            &key.created_at.as_millisecond(),
            &key.expires_at.map(Timestamp::as_millisecond),
        ],
    )
    .await?;
    Ok(())
}

async fn delete(
    client: &ClientWrapper,
    owner: UserId,
    endpoint: Option<EndpointName>,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<u64, Error> {
    let sql =
        "DELETE FROM provider_keys WHERE account_id = $1 AND ($2::text IS NULL OR endpoint = $2)";
    let endpoint = endpoint.as_ref().map(EndpointName::as_str);
    let deleted = execute(client, sql, &[&owner.as_uuid(), &endpoint]).await?;
    if deleted > 0 {
        tell(client, audit, now).await?;
    }
    Ok(deleted)
}

#[async_trait]
impl ProviderKeyRepository for PostgresStore {
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        self.unit(|client| {
            let (key, audit) = (key.clone(), audit.clone());
            Box::pin(async move { put(client, &key, limit, audit).await })
        })
        .await
    }

    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                let endpoint = endpoint.clone();
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM provider_keys WHERE account_id = $1 AND endpoint = $2"
                    );
                    let row = one(client, &sql, &[&owner.as_uuid(), &endpoint.as_str()]).await?;
                    row.as_ref().map(key).transpose()
                })
            })
            .await
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM provider_keys WHERE account_id = $1 ORDER BY endpoint"
                    );
                    let rows = many(client, &sql, &[&owner.as_uuid()]).await?;
                    rows.iter().map(key).collect()
                })
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
        self.unit(|client| {
            let (endpoint, audit) = (endpoint.cloned(), audit.clone());
            Box::pin(delete(client, owner, endpoint, now, audit))
        })
        .await
    }

    async fn list_sealed_before(
        &self,
        key_version: u32,
        most: usize,
    ) -> Result<Vec<ProviderKey>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM provider_keys WHERE key_version < $1 ORDER BY key_version, account_id, endpoint LIMIT $2"
                    );
                    let version = i64::from(key_version);
                    let rows = many(client, &sql, &[&version, &limit(most)?]).await?;
                    rows.iter().map(key).collect()
                })
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
        self.unit(|client| {
            let (endpoint, from, to) = (endpoint.clone(), from.clone(), to.clone());
            Box::pin(async move {
                let sql = "UPDATE provider_keys SET key_version = $5, sealed = $6 \
                     WHERE account_id = $1 AND endpoint = $2 AND key_version = $3 AND sealed = $4";
                let resealed = execute(
                    client,
                    sql,
                    &[
                        &owner.as_uuid(),
                        &endpoint.as_str(),
                        &i64::from(from.key_version),
                        &from.blob,
                        &i64::from(to.key_version),
                        &to.blob,
                    ],
                )
                .await?;
                Ok(resealed > 0)
            })
        })
        .await
    }
}
