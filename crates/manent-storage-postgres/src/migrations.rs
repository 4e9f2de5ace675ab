//! The schema, in versions. All that is missing is applied in one transaction under a lock, so that many processes may start at once and one
//! of them does the work. A version that was released is never changed.

use tokio_postgres::{Client, GenericClient};

use crate::error::describe;
use crate::open_error::OpenError;
use crate::store::SchemaVersions;

/// In order; the first is version 1.
const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/0001_conversations_messages_runs_feed.sql"),
    include_str!("../migrations/0002_accounts.sql"),
    include_str!("../migrations/0003_server_secret.sql"),
    include_str!("../migrations/0004_what_surfaces_keep.sql"),
];

/// Names the advisory lock: `manent` in ASCII.
const LOCK: i64 = 0x6d61_6e65_6e74;

/// The version that this program knows.
pub(crate) const KNOWN: i32 = 4;

/// Brings the schema up to date.
pub(crate) async fn run(client: &mut Client, place: &str) -> Result<SchemaVersions, OpenError> {
    look_at_server(client, place).await?;
    let failed = |error: tokio_postgres::Error| OpenError::Migration {
        place: place.to_owned(),
        detail: describe(&error),
    };
    let transaction = client.transaction().await.map_err(failed)?;
    transaction
        .batch_execute(&format!(
            "SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '300s'; \
             SELECT pg_advisory_xact_lock({LOCK})"
        ))
        .await
        .map_err(failed)?;
    let before = version(&transaction).await.map_err(failed)?;
    if before > KNOWN {
        return Err(OpenError::Newer {
            place: place.to_owned(),
            found: before,
            known: KNOWN,
        });
    }
    if before < KNOWN {
        transaction
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS schema_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
            )
            .await
            .map_err(failed)?;
        for (number, sql) in (1..).zip(MIGRATIONS) {
            if number > before {
                transaction.batch_execute(sql).await.map_err(failed)?;
                transaction
                    .execute(
                        "INSERT INTO schema_versions (version) VALUES ($1)",
                        &[&number],
                    )
                    .await
                    .map_err(failed)?;
            }
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(SchemaVersions {
        before,
        after: KNOWN,
    })
}

/// Tells the version of the schema and the one that [`run`] would leave. Changes nothing.
pub(crate) async fn look(client: &Client, place: &str) -> Result<SchemaVersions, OpenError> {
    look_at_server(client, place).await?;
    let before = version(client).await.map_err(|error| OpenError::Refused {
        place: place.to_owned(),
        detail: describe(&error),
    })?;
    if before > KNOWN {
        return Err(OpenError::Newer {
            place: place.to_owned(),
            found: before,
            known: KNOWN,
        });
    }
    Ok(SchemaVersions {
        before,
        after: KNOWN,
    })
}

/// The version of the schema; 0 without tables.
async fn version(client: &impl GenericClient) -> Result<i32, tokio_postgres::Error> {
    let is_there: bool = client
        .query_one("SELECT to_regclass('schema_versions') IS NOT NULL", &[])
        .await?
        .get(0);
    if !is_there {
        return Ok(0);
    }
    let newest = client
        .query_one("SELECT COALESCE(MAX(version), 0) FROM schema_versions", &[])
        .await?;
    Ok(newest.get(0))
}

async fn look_at_server(client: &Client, place: &str) -> Result<(), OpenError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding')",
            &[],
        )
        .await
        .map_err(|error| OpenError::Refused {
            place: place.to_owned(),
            detail: describe(&error),
        })?;
    let place = place.to_owned();
    if row.get::<_, i32>(0) < 150_000 {
        return Err(OpenError::TooOld {
            place,
            version: row.get(1),
        });
    }
    let encoding: String = row.get(2);
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { place, encoding });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_version_is_the_newest() {
        assert_eq!(usize::try_from(KNOWN).unwrap(), MIGRATIONS.len());
    }
}
