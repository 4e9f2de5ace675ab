//! Following a feed: what was there, then what comes, by pages from the store.
//!
//! Invariants: between two pages a reader waits for a signal and asks nothing; it holds one page at most, of a bounded size; a store that fails for a
//! time delays it and leaves nothing out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use manent_domain::DomainError;
use manent_domain::feed::{Change, Changed, FeedPage};
use manent_domain::services::FeedService;
use manent_types::{Part, UserId};
use tokio::sync::watch;

use crate::signals::SignalHub;

/// Changes that are read at once.
const PAGE: usize = 25;

/// What a page holds in bytes of content, unless one change is larger: many readers that do not read on must not fill the memory.
const PAGE_BYTES: usize = 256 * 1024;

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
            limit: PAGE,
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
    /// How many changes the next page asks for: fewer while they are large.
    limit: usize,
    wake: watch::Receiver<()>,
}

impl Following {
    fn with(mut self, page: FeedPage) -> Self {
        self.take(page);
        self
    }

    fn take(&mut self, mut page: FeedPage) {
        let fitting = fitting(&page.changes);
        if fitting < page.changes.len() {
            page.changes.truncate(fitting);
            self.limit = fitting;
        } else {
            self.limit = (self.limit * 2).min(PAGE);
        }
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
            match self.service.read(self.owner, self.last, self.limit).await {
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

/// How many of the first changes fit into a page; at least one.
fn fitting(changes: &[Change]) -> usize {
    let mut bytes = 0;
    let is_fitting = |change: &&Change| {
        let is_first = bytes == 0;
        bytes += 1 + weight(change);
        is_first || bytes <= PAGE_BYTES
    };
    changes.iter().take_while(is_fitting).count()
}

/// The bytes of what people and models wrote; the rest of a change is small.
fn weight(change: &Change) -> usize {
    let Changed::Message(message) = &change.changed else {
        return 0;
    };
    let weights = message.content.iter().map(|part| match part {
        Part::Text { text } => text.len(),
        Part::Reasoning {
            text, signature, ..
        } => text.len() + signature.as_ref().map_or(0, String::len),
        Part::Image { data, url, .. } => {
            data.as_ref().map_or(0, String::len) + url.as_ref().map_or(0, String::len)
        }
        Part::ToolCall { arguments, .. } => weight_of_json(arguments),
        Part::ToolResult { content, .. } => content.len(),
        Part::Error { detail, .. } => detail.len(),
    });
    weights.sum()
}

fn weight_of_json(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(values) => {
            values.iter().map(|value| 16 + weight_of_json(value)).sum()
        }
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| 16 + name.len() + weight_of_json(value))
            .sum(),
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use manent_domain::message::Message;
    use manent_types::{ConversationId, MessageId, MessageStatus, Role, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn change(seq: u64, bytes: usize) -> Change {
        let at = Timestamp::from_millisecond(0).unwrap();
        let message = Message {
            id: MessageId::new(Uuid::from_u128(u128::from(seq))),
            conversation: ConversationId::new(Uuid::nil()),
            parent: None,
            seq,
            role: Role::User,
            content: vec![Part::Text {
                text: "x".repeat(bytes),
            }],
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: at,
            stored_at: at,
            run: None,
            edited_at: None,
            deleted_at: None,
            extras: manent_types::Extras::new(),
        };
        Change {
            seq,
            at,
            changed: Changed::Message(message),
        }
    }

    #[test]
    fn a_page_is_bounded_and_never_empty() {
        let small: Vec<_> = (1..=25).map(|seq| change(seq, 100)).collect();
        assert_eq!(fitting(&small), 25);
        let large: Vec<_> = (1..=25).map(|seq| change(seq, 100_000)).collect();
        assert_eq!(fitting(&large), 2);
        let huge: Vec<_> = (1..=3).map(|seq| change(seq, 2_000_000)).collect();
        assert_eq!(fitting(&huge), 1);
        assert_eq!(fitting(&[]), 0);
    }
}
