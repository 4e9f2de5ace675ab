//! The port of the feed.

use async_trait::async_trait;
use manent_domain::feed::FeedPage;
use manent_domain::ports::{FeedRepository, StoreError};
use manent_types::UserId;

use super::{SqliteStore, not_built};

#[async_trait]
impl FeedRepository for SqliteStore {
    async fn read_feed(&self, _: UserId, _: u64, _: usize) -> Result<FeedPage, StoreError> {
        Err(not_built())
    }
}
