//! The port of search.

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::ports::{SearchRepository, StoreError};
use manent_domain::search::{SearchCursor, SearchHit, SearchQuery};
use manent_types::UserId;

use super::PostgresStore;
use crate::search;

#[async_trait]
impl SearchRepository for PostgresStore {
    async fn search(
        &self,
        owner: UserId,
        query: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError> {
        self.opened
            .connections
            .read(|client| {
                let query = query.clone();
                Box::pin(async move { search::search(client, owner, &query).await })
            })
            .await
    }
}
