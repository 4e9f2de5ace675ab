//! Postgres passes the suite that every store passes.

use manent_postgres::Database;
use manent_storage_postgres::PostgresStore;

use crate::harness::{open, small};

async fn fresh() -> (PostgresStore, Database) {
    let database = crate::harness::database().await;
    (open(small(&database)).await, database)
}

manent_storage_memory::conformance!(fresh);
manent_storage_memory::conformance_changes!(fresh);
manent_storage_memory::conformance_runs!(fresh);
manent_storage_memory::conformance_kept!(fresh);
manent_storage_memory::conformance_accounts!(fresh);
