//! Following a feed: what was there, then what comes, by pages from the store.
//!
//! Invariants: between two pages a reader waits for a signal and asks nothing; it holds one page at most; a store that fails for a
//! time delays it and leaves nothing out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use manent_domain::DomainError;
use manent_domain::feed::{Change, FeedPage};
use manent_domain::services::FeedService;
use manent_types::UserId;
use tokio::sync::watch;

use crate::signals::SignalHub;

/// Changes that are read at once.
const PAGE: usize = 25;

/// Waits after the first and after any further failure in a row.
const WAITS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// What a reader of a feed gets.
#[derive(Debug)]
pub(crate) enum FeedItem {
    /// The next change.
    Change(Box<Change>),
    /// Everything up to this number, which was the newest, has been told. Comes once.
    Ready(u64),
}

/// A feed from some place on. It ends only with an error.
pub(crate) type FeedReader =
    Pin<Box<dyn Stream<Item = Result<FeedItem, DomainError>> + Send + 'static>>;

/// Follows feeds.
#[derive(Clone)]
pub(crate) struct FeedFollower {
    service: FeedService,
    signals: Arc<SignalHub>,
}

impl FeedFollower {
    pub(crate) const fn new(service: FeedService, signals: Arc<SignalHub>) -> Self {
        Self { service, signals }
    }

    /// Begins just after a change, or after everything there is.
    ///
    /// # Errors
    /// [`DomainError::CursorAhead`], or the store failed.
    pub(crate) async fn follow(
        &self,
        owner: UserId,
        after: Option<u64>,
    ) -> Result<FeedReader, DomainError> {
        // Before the first look, so that nothing happens unseen in between.
        let mut wake = self.signals.feed(owner);
        wake.mark_unchanged();
        let first = match after {
            Some(after) => self.service.read(owner, after, PAGE).await?,
            None => FeedPage {
                changes: Vec::new(),
                head: self.service.head(owner).await?,
            },
        };
        let follower = Following {
            service: self.service.clone(),
            owner,
            last: after.unwrap_or(first.head),
            is_at_head: false,
            has_told_ready: false,
            page: VecDeque::new(),
            wake,
        }
        .with(first);
        Ok(Box::pin(stream::unfold(Some(follower), |state| async {
            let mut follower = state?;
            match follower.next().await {
                Ok(item) => Some((Ok(item), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        })))
    }
}

struct Following {
    service: FeedService,
    owner: UserId,
    /// The number of the last change that was told.
    last: u64,
    is_at_head: bool,
    has_told_ready: bool,
    page: VecDeque<Change>,
    wake: watch::Receiver<()>,
}

impl Following {
    fn with(mut self, page: FeedPage) -> Self {
        self.take(page);
        self
    }

    fn take(&mut self, page: FeedPage) {
        let newest = page.changes.last().map_or(self.last, |change| change.seq);
        self.is_at_head = newest >= page.head;
        self.page = page.changes.into();
    }

    async fn next(&mut self) -> Result<FeedItem, DomainError> {
        loop {
            if let Some(change) = self.page.pop_front() {
                self.last = change.seq;
                return Ok(FeedItem::Change(Box::new(change)));
            }
            if self.is_at_head {
                if !self.has_told_ready {
                    self.has_told_ready = true;
                    return Ok(FeedItem::Ready(self.last));
                }
                // The hub forgets nobody who still listens, so this only ends with a signal.
                if self.wake.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            let page = self.read().await?;
            self.take(page);
        }
    }

    /// The next page; a failing store is asked again after a while.
    async fn read(&mut self) -> Result<FeedPage, DomainError> {
        let (first, further) = WAITS;
        let mut wait = first;
        loop {
            self.wake.mark_unchanged();
            match self.service.read(self.owner, self.last, PAGE).await {
                Err(DomainError::Store(error)) => {
                    tracing::debug!(%error, "the feed cannot be read; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(further);
                }
                outcome => return outcome,
            }
        }
    }
}
