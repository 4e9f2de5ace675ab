//! The reference store passes the suite.

use manent_storage_memory::MemoryStore;

async fn fresh() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

manent_storage_memory::conformance!(fresh);
manent_storage_memory::conformance_changes!(fresh);
manent_storage_memory::conformance_runs!(fresh);
manent_storage_memory::conformance_kept!(fresh);
manent_storage_memory::conformance_accounts!(fresh);
