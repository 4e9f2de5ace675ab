//! Whatever devices do, what was acknowledged is there once and in order, and Postgres answers as the reference store does.

use manent_storage_memory::MemoryStore;
use manent_storage_memory::conformance::simulation::{run, scripts};
use proptest::prelude::*;

use crate::harness::{database, open, small};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_lost_doubled_or_reordered_and_all_is_as_in_memory(script in scripts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = database().await;
            let store = open(small(&database)).await;
            let seen = run(&store, &script).await;
            store.close().await;
            let expected = run(&MemoryStore::new(), &script).await;
            assert_eq!(seen, expected);
        });
    }
}
