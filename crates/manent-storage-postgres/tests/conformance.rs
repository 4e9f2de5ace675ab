//! Postgres passes the suite that every store passes.
#![expect(clippy::unwrap_used, reason = "a test")]

use manent_postgres::{Database, PostgresServer};
use manent_storage_postgres::{PostgresConfig, PostgresStore};

async fn fresh() -> (PostgresStore, Database) {
    let server = PostgresServer::shared().await.unwrap();
    let database = server.fresh_database().await.unwrap();
    let store = PostgresStore::connect(PostgresConfig {
        pool_size: 3,
        ..PostgresConfig::new(database.url())
    })
    .await
    .unwrap();
    (store, database)
}

manent_storage_memory::conformance!(fresh);
manent_storage_memory::conformance_changes!(fresh);
manent_storage_memory::conformance_runs!(fresh);
