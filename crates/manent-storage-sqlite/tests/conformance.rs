//! SQLite passes the suite that every store passes.
#![expect(clippy::unwrap_used, reason = "a test")]

use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use tempfile::TempDir;

async fn fresh() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    (store, directory)
}

manent_storage_memory::conformance!(fresh);
manent_storage_memory::conformance_changes!(fresh);
manent_storage_memory::conformance_runs!(fresh);
manent_storage_memory::conformance_kept!(fresh);
manent_storage_memory::conformance_accounts!(fresh);
