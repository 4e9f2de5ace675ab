//! The port of the feed.

use async_trait::async_trait;
use manent_domain::feed::FeedPage;
use manent_domain::ports::{FeedRepository, StoreError};
use manent_types::UserId;

use super::PostgresStore;
use crate::feed;

#[async_trait]
impl FeedRepository for PostgresStore {
    async fn read_feed(
        &self,
        owner: UserId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(feed::read(client, owner, after, limit)))
            .await
    }
}
