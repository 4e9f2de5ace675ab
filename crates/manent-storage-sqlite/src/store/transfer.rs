//! The port of moving everything.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::run::decode_events;
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::{SMALL, SqliteStore};
use crate::transfer;

#[async_trait]
impl TransferRepository for SqliteStore {
    async fn export(
        &self,
        kind: RecordKind,
        after: Option<TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| {
                transfer::export(connection, kind, after.as_ref(), limit)
            })
            .await
    }

    async fn import(&self, records: Vec<TransferRecord>) -> Result<(), StoreError> {
        for record in &records {
            if let TransferRecord::RunEvents { events, .. } = record {
                decode_events(events).map_err(|error| StoreError::Corrupt {
                    detail: error.to_string(),
                })?;
            }
        }
        self.opened
            .writes
            .run(records.len() * SMALL, move |unit| {
                Ok(transfer::import(unit, &records)?)
            })
            .await
    }
}
