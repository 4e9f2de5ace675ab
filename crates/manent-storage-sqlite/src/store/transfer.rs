//! The port of moving everything.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::run::decode_events;
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::accounts::{import_accounts, read_accounts};
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
        if kind.is_of_accounts() {
            return self.export_accounts(kind, after.as_ref(), limit).await;
        }
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
        let accounts = read_accounts(&records)?;
        self.opened
            .writes
            .run(records.len() * SMALL, move |unit| {
                transfer::import(unit, &records)?;
                Ok(import_accounts(unit, &accounts)?)
            })
            .await
    }
}
