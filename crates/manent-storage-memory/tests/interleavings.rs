//! Whatever devices do, what was acknowledged is there once and in order.

use manent_storage_memory::MemoryStore;
use manent_storage_memory::conformance::simulation::{run, scripts};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_is_lost_doubled_or_reordered(script in scripts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&MemoryStore::new(), &script));
    }
}
