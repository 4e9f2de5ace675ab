//! The port of moving everything.

mod export;
mod import;
mod key;

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use crate::MemoryStore;
use key::key_of;

#[async_trait]
impl TransferRepository for MemoryStore {
    async fn export(
        &self,
        kind: RecordKind,
        after: Option<TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        let state = self.state();
        let mut records = export::all(&state, kind)?;
        records.sort_by_cached_key(key_of);
        if let Some(after) = after.as_ref().map(key_of) {
            records.retain(|record| key_of(record) > after);
        }
        records.truncate(limit);
        Ok(records)
    }

    async fn import(&self, records: Vec<TransferRecord>) -> Result<(), StoreError> {
        let logs = import::read_logs(&records)?;
        let accounts = import::read_accounts(&records)?;
        self.write(|unit| {
            import::write(unit.state, records, logs);
            unit.state.accounts.import(accounts);
        });
        Ok(())
    }
}
