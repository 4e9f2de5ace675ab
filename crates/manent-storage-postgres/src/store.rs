//! The store: the ports, translated into writes and reads.

mod accounts;
mod conversations;
mod documents;
mod feed;
mod messages;
mod runs;
mod search;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use manent_domain::ports::StoreError;

use crate::config::PostgresConfig;
use crate::error::Error;
use crate::metrics::PostgresMetrics;
use crate::migrations;
use crate::open::{self, Opened};
use crate::open_error::OpenError;

/// About how many bytes a small write takes.
const SMALL: usize = 1_024;

/// How long [`PostgresStore::check`] waits.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How a store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreHealth {
    /// Writes that wait or are being written.
    pub queued_writes: u64,
    /// Whether the connection that listens for what other processes did is up.
    pub is_listening: bool,
}

/// From which version of the schema a migration led to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersions {
    /// What it found; 0 for a database without tables.
    pub before: i32,
    /// What it left.
    pub after: i32,
}

/// Conversations, messages, search, runs and the feed in a Postgres database. Clones share one store. Needs tokio.
#[derive(Clone)]
pub struct PostgresStore {
    opened: Arc<Opened>,
}

impl PostgresStore {
    /// Connects to the database, creating or migrating its tables. Many processes may do so at once.
    ///
    /// # Errors
    /// With a sentence for the person who starts the server.
    pub async fn connect(config: PostgresConfig) -> Result<Self, OpenError> {
        let opened = Arc::new(open::open(config).await?);
        Ok(Self { opened })
    }

    /// Creates or migrates the tables of the database, and nothing else.
    ///
    /// # Errors
    /// With a sentence for the person who asked for it.
    pub async fn migrate(config: PostgresConfig) -> Result<SchemaVersions, OpenError> {
        open::migrate(&config).await
    }

    /// Connects and looks, for `manent doctor`: changes nothing. `before` is the version of the schema as it is, `after` the one that
    /// [`Self::migrate`] would leave.
    ///
    /// # Errors
    /// What [`Self::connect`] would meet, a newer schema among it.
    pub async fn look(config: PostgresConfig) -> Result<SchemaVersions, OpenError> {
        open::look(&config).await
    }

    /// Finds out whether the store can be read and written: whether the database takes writes and is still one of this program's.
    ///
    /// # Errors
    /// What a read or a write would meet now; busy when there is no answer within two seconds.
    pub async fn check(&self) -> Result<StoreHealth, StoreError> {
        let probe = self
            .opened
            .connections
            .read(|client| Box::pin(probe(client)));
        let (is_copy, version) =
            tokio::time::timeout(CHECK_TIMEOUT, probe)
                .await
                .map_err(|_| StoreError::Busy {
                    detail: format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
                })??;
        if is_copy {
            return Err(StoreError::ReadOnly {
                detail: "the server is a copy of another one, or refuses writes".to_owned(),
            });
        }
        if version > migrations::KNOWN {
            return Err(StoreError::Newer {
                detail: format!(
                    "the database has schema {version}, this program knows {}",
                    migrations::KNOWN
                ),
            });
        }
        Ok(StoreHealth {
            queued_writes: self.metrics().queued_writes,
            is_listening: self.opened.notifier.is_listening(),
        })
    }

    /// What the store did, and how it stands.
    pub fn metrics(&self) -> PostgresMetrics {
        let mut metrics = self.opened.counters.snapshot();
        self.opened.connections.measure(&mut metrics);
        metrics
    }

    /// Host, port and database, for people; never the password.
    pub fn place(&self) -> &str {
        &self.opened.place
    }

    /// Refuses new calls, finishes those that wait, tells other processes the last of it, and closes the connections. Other clones answer
    /// [`StoreError::Unavailable`] from then on.
    pub async fn close(self) {
        self.opened.writes.close().await;
        self.opened.signals.close().await;
        self.opened.connections.close();
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PostgresStore")
            .field("place", &self.opened.place)
            .finish_non_exhaustive()
    }
}

/// Whether the server only takes reads, and the version of the schema.
async fn probe(client: &ClientWrapper) -> Result<(bool, i32), Error> {
    let statement = client
        .prepare_cached(
            "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', (SELECT max(version) FROM schema_versions)",
        )
        .await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
