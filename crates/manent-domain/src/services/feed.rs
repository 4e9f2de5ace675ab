//! Reading the feed.

use std::sync::Arc;

use manent_types::UserId;

use crate::error::DomainError;
use crate::feed::FeedPage;
use crate::ports::FeedRepository;

/// Reads what changed for an owner.
#[derive(Clone)]
pub struct FeedService {
    repository: Arc<dyn FeedRepository>,
}

impl FeedService {
    /// A service over this port.
    pub fn new(repository: Arc<dyn FeedRepository>) -> Self {
        Self { repository }
    }

    /// The number of the owner's newest change; 0 while there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn head(&self, owner: UserId) -> Result<u64, DomainError> {
        Ok(self.repository.read_feed(owner, 0, 1).await?.head)
    }

    /// The changes after a number, oldest first. `limit` is held between 1 and 500.
    ///
    /// # Errors
    /// [`DomainError::CursorAhead`] when nothing with this number happened yet (the store is older than the cursor), or the store fails.
    pub async fn read(
        &self,
        owner: UserId,
        after: u64,
        limit: usize,
    ) -> Result<FeedPage, DomainError> {
        let page = self
            .repository
            .read_feed(owner, after, limit.clamp(1, 500))
            .await?;
        if after > page.head {
            return Err(DomainError::CursorAhead);
        }
        Ok(page)
    }
}
