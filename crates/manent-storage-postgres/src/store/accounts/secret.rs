//! The port of the mark of the server's secret.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::ports::SecretRegistry;
use manent_accounts::server_secret::{SecretDecision, SecretMark, SecretStanding, decide_secret};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use super::rows::{execute, one};
use crate::error::{Error, to_integer};
use crate::rows::{count, get};
use crate::store::PostgresStore;

#[async_trait]
impl SecretRegistry for PostgresStore {
    async fn registered_secret(&self) -> Result<Option<SecretMark>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| Box::pin(registered(client)))
            .await
    }

    async fn register_secret(
        &self,
        offered: Vec<SecretMark>,
        now: Timestamp,
    ) -> Result<SecretStanding, StoreError> {
        self.unit(|client| {
            let offered = offered.clone();
            Box::pin(async move { register(client, &offered, now).await })
        })
        .await
    }

    async fn replace_secret(&self, mark: SecretMark, now: Timestamp) -> Result<(), StoreError> {
        self.unit(|client| {
            let mark = mark.clone();
            Box::pin(async move { write(client, &mark, now).await })
        })
        .await
    }
}

async fn registered(client: &ClientWrapper) -> Result<Option<SecretMark>, Error> {
    let sql = "SELECT number, fingerprint FROM server_secret WHERE id = 1";
    let Some(row) = one(client, sql, &[]).await? else {
        return Ok(None);
    };
    Ok(Some(SecretMark {
        number: u32::try_from(count(&row, 0, "server_secret.number")?).unwrap_or(u32::MAX),
        fingerprint: get(&row, 1, "server_secret.fingerprint")?,
    }))
}

async fn register(
    client: &ClientWrapper,
    offered: &[SecretMark],
    now: Timestamp,
) -> Result<SecretStanding, Error> {
    // Also where there is no row yet, of several servers that start at once one is first.
    let sql = "SELECT id FROM accounts_lock WHERE id = 1 FOR UPDATE";
    one(client, sql, &[]).await?;
    let known = registered(client).await?;
    if let SecretDecision::Leave(standing) = decide_secret(known.as_ref(), offered) {
        return Ok(standing);
    }
    if let Some(newest) = offered.first() {
        write(client, newest, now).await?;
    }
    Ok(SecretStanding::Registered)
}

async fn write(client: &ClientWrapper, mark: &SecretMark, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO server_secret (id, number, fingerprint, registered_at) VALUES (1, $1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number, fingerprint = EXCLUDED.fingerprint, \
         registered_at = EXCLUDED.registered_at";
    let number = to_integer(u64::from(mark.number), "server_secret.number")?;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&number, &mark.fingerprint, &now.as_millisecond()];
    execute(client, sql, &values).await?;
    Ok(())
}
