//! The port of the transfer.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::PostgresStore;
use crate::transfer;

#[async_trait]
impl TransferRepository for PostgresStore {
    async fn export(
        &self,
        kind: RecordKind,
        after: Option<TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
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
        let lease = self.opened.connections.lease().await?;
        Ok(lease.run(transfer::import(lease.client(), records)).await?)
    }
}
