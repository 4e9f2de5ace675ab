//! The port of the transfer.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::PostgresStore;

#[async_trait]
impl TransferRepository for PostgresStore {
    async fn export(
        &self,
        _: RecordKind,
        _: Option<TransferRecord>,
        _: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        Err(StoreError::Internal {
            detail: "not built yet".to_owned(),
        })
    }

    async fn import(&self, _: Vec<TransferRecord>) -> Result<(), StoreError> {
        Err(StoreError::Internal {
            detail: "not built yet".to_owned(),
        })
    }
}
