//! The port of the feed.

use async_trait::async_trait;
use manent_domain::feed::FeedPage;
use manent_domain::ports::{FeedRepository, StoreError};
use manent_types::UserId;

use super::SqliteStore;
use crate::feed;

#[async_trait]
impl FeedRepository for SqliteStore {
    async fn read_feed(
        &self,
        owner: UserId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| feed::read(connection, owner, after, limit))
            .await
    }
}
