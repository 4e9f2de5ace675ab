//! The port of the transfer.

use async_trait::async_trait;
use manent_domain::ports::{StoreError, TransferRepository};
use manent_domain::transfer::{RecordKind, TransferRecord};

use super::{SqliteStore, not_built};

#[async_trait]
impl TransferRepository for SqliteStore {
    async fn export(
        &self,
        _: RecordKind,
        _: Option<TransferRecord>,
        _: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        Err(not_built())
    }

    async fn import(&self, _: Vec<TransferRecord>) -> Result<(), StoreError> {
        Err(not_built())
    }
}
