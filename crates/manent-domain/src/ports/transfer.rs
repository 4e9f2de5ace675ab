//! Moving everything from one store to another.

use async_trait::async_trait;

use super::store_error::StoreError;
use crate::transfer::{RecordKind, TransferRecord};

/// A store whose whole content can be read and written as records. For a store that nobody else uses meanwhile.
#[async_trait]
pub trait TransferRepository: Send + Sync {
    /// At most `limit` records of a kind after the given one, in the kind's order; empty at the end.
    async fn export(
        &self,
        kind: RecordKind,
        after: Option<TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError>;

    /// Writes records as they are, one unit; what is there under the same key is replaced, so repeating an import changes nothing. What a
    /// record refers to (its owner, its conversation) was imported before. The search finds imported words.
    async fn import(&self, records: Vec<TransferRecord>) -> Result<(), StoreError>;
}
