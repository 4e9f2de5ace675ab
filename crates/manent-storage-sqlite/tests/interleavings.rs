//! Whatever devices do, what was acknowledged is there once and in order, and SQLite answers as the reference store does.

use manent_storage_memory::MemoryStore;
use manent_storage_memory::conformance::simulation::{run, scripts};
use manent_storage_sqlite::{Durability, SqliteConfig, SqliteStore};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nothing_is_lost_doubled_or_reordered_and_all_is_as_in_memory(script in scripts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            // What a power cut would take is not what this looks at.
            let config = SqliteConfig { durability: Durability::Normal, readers: 1, ..SqliteConfig::new(directory.path()) };
            let store = SqliteStore::open(config).unwrap();
            let seen = run(&store, &script).await;
            store.close().await;
            let expected = run(&MemoryStore::new(), &script).await;
            assert_eq!(seen, expected);
        });
    }
}
