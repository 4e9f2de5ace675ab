//! The port of the transfer.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::PostgresStore;
use super::accounts::{import_accounts, read_accounts};
use crate::transfer;

#[async_trait]
impl TransferRepository for PostgresStore {
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
            .connections
            .read(|client| {
                let after = after.clone();
                Box::pin(async move { transfer::export(client, kind, after.as_ref(), limit).await })
            })
            .await
    }

    async fn import(&self, records: Vec<TransferRecord>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let accounts = read_accounts(&records)?;
        self.unit(|client| {
            let (records, accounts) = (records.clone(), accounts.clone());
            Box::pin(async move {
                transfer::import(client, records).await?;
                import_accounts(client, &accounts).await
            })
        })
        .await
    }
}
