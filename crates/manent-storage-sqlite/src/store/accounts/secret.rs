//! The port of the mark of the server's secret.

use async_trait::async_trait;
use manent_accounts::ports::SecretRegistry;
use manent_accounts::server_secret::{SecretDecision, SecretMark, SecretStanding, decide_secret};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{execute, one};
use crate::error::Error;
use crate::rows::{text, unreadable};
use crate::store::SqliteStore;

fn registered(connection: &Connection) -> Result<Option<SecretMark>, Error> {
    let sql = "SELECT number, fingerprint FROM server_secret WHERE id = 1";
    one(connection, sql, [], |row| {
        Ok(SecretMark {
            number: row.get(0).map_err(|_| unreadable("server_secret.number"))?,
            fingerprint: text(row, 1, "server_secret.fingerprint")?.to_owned(),
        })
    })
}

fn write(connection: &Connection, mark: &SecretMark, now: Timestamp) -> Result<(), Error> {
    execute(
        connection,
        "INSERT INTO server_secret (id, number, fingerprint, registered_at) VALUES (1, ?1, ?2, ?3) \
         ON CONFLICT (id) DO UPDATE SET number = excluded.number, fingerprint = excluded.fingerprint, \
         registered_at = excluded.registered_at",
        params![mark.number, mark.fingerprint, now.as_millisecond()],
    )?;
    Ok(())
}

#[async_trait]
impl SecretRegistry for SqliteStore {
    async fn registered_secret(&self) -> Result<Option<SecretMark>, StoreError> {
        self.read(registered).await
    }

    async fn register_secret(
        &self,
        offered: Vec<SecretMark>,
        now: Timestamp,
    ) -> Result<SecretStanding, StoreError> {
        self.write(move |unit| {
            let known = registered(unit.connection)?;
            if let SecretDecision::Leave(standing) = decide_secret(known.as_ref(), &offered) {
                return Ok(standing);
            }
            if let Some(newest) = offered.first() {
                write(unit.connection, newest, now)?;
            }
            Ok(SecretStanding::Registered)
        })
        .await
    }

    async fn replace_secret(&self, mark: SecretMark, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |unit| write(unit.connection, &mark, now))
            .await
    }
}
