//! What the jobs of a group leave for its end.

use manent_domain::ports::Signal;
use rusqlite::Connection;

use crate::error::Error;
use crate::feed_entries::{FeedEntries, FeedHeads, FeedMark};
use crate::search_index::{IndexChanges, Mark as IndexMark};

/// Gathered job by job, written once for the group.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) index: IndexChanges,
    pub(super) feed: FeedEntries,
    /// Told after the commit.
    pub(super) signals: Vec<Signal>,
    /// Messages that the group stores.
    pub(super) messages: usize,
}

/// A place to which [`Gathered`] can be taken back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    index: IndexMark,
    feed: FeedMark,
    signals: usize,
    messages: usize,
}

impl Gathered {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            index: self.index.mark(),
            feed: self.feed.mark(),
            signals: self.signals.len(),
            messages: self.messages,
        }
    }

    pub(super) fn roll_back_to(&mut self, mark: Mark) {
        self.index.roll_back_to(mark.index);
        self.feed.roll_back_to(mark.feed);
        self.signals.truncate(mark.signals);
        self.messages = mark.messages;
    }

    /// Writes what waits. Each signal is left once.
    pub(super) fn apply(
        &mut self,
        connection: &Connection,
        heads: &mut FeedHeads,
    ) -> Result<(), Error> {
        self.index.apply(connection)?;
        let owners = self.feed.apply(connection, heads)?;
        self.signals.extend(owners.into_iter().map(Signal::Feed));
        let mut seen = std::collections::HashSet::new();
        self.signals.retain(|signal| seen.insert(*signal));
        Ok(())
    }
}
