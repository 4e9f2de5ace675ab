//! What a transaction adds to the feeds.
//!
//! The entries are gathered while the jobs of a group run and written once, at its end: only what is committed gets a number, so that a
//! job that is taken back leaves no hole, and an owner's newest number is written once for all of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, params};

use crate::error::{Error, to_count, to_integer};
use crate::users::Owner;

/// The most owners whose newest numbers the writer remembers.
const REMEMBERED: usize = 10_000;

/// The table of a subject, in the order in which one unit of work has them in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SubjectTable {
    Messages,
    Conversations,
    Runs,
}

impl SubjectTable {
    /// As it stands in `feed.kind`.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Conversations => "conversation",
            Self::Messages => "message",
            Self::Runs => "run",
        }
    }

    pub(crate) fn from_kind(kind: &str) -> Option<Self> {
        [Self::Conversations, Self::Messages, Self::Runs]
            .into_iter()
            .find(|table| table.kind() == kind)
    }
}

#[derive(Debug)]
struct FeedEntry {
    owner: Owner,
    table: SubjectTable,
    pk: i64,
    at: Timestamp,
}

/// Entries that wait for the end of the group.
#[derive(Debug, Default)]
pub(crate) struct FeedEntries {
    entries: Vec<FeedEntry>,
    /// Owners who were deleted, and how many entries there were then. Whoever comes later may have the same row number.
    forgotten: Vec<(i64, usize)>,
}

/// A place to which [`FeedEntries`] can be taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeedMark {
    entries: usize,
    forgotten: usize,
}

impl FeedMark {
    /// How many entries there were.
    pub(crate) const fn count(self) -> usize {
        self.entries
    }
}

/// The newest number of each owner's feed. Must be cleared when a transaction is rolled back, for it may hold numbers of it.
pub(crate) type FeedHeads = HashMap<i64, u64>;

impl FeedEntries {
    /// This row changed.
    pub(crate) fn add(&mut self, owner: Owner, table: SubjectTable, pk: i64, at: Timestamp) {
        self.entries.push(FeedEntry {
            owner,
            table,
            pk,
            at,
        });
    }

    /// Ends a unit of work that began when there were so many entries: it has each subject once, in the order of
    /// [`manent_domain::feed::in_feed_order`].
    pub(crate) fn end_unit(&mut self, begin: usize) {
        if self.entries.len() < begin + 2 {
            return;
        }
        let mut seen = HashSet::new();
        let mut unit = self.entries.split_off(begin);
        unit.retain(|entry| seen.insert((entry.table, entry.pk)));
        unit.sort_by_key(|entry| entry.table);
        self.entries.append(&mut unit);
    }

    /// The owner and the feed are gone: nothing that waits for it is written.
    pub(crate) fn forget(&mut self, owner_pk: i64) {
        self.forgotten.push((owner_pk, self.entries.len()));
    }

    pub(crate) fn mark(&self) -> FeedMark {
        FeedMark {
            entries: self.entries.len(),
            forgotten: self.forgotten.len(),
        }
    }

    pub(crate) fn roll_back_to(&mut self, mark: FeedMark) {
        self.entries.truncate(mark.entries);
        self.forgotten.truncate(mark.forgotten);
    }

    /// Takes out what waits for feeds that are gone.
    fn drop_forgotten(&mut self) {
        let forgotten = std::mem::take(&mut self.forgotten);
        if forgotten.is_empty() {
            return;
        }
        let mut place = 0;
        self.entries.retain(|entry| {
            let is_gone =
                |(owner_pk, count): &(i64, usize)| entry.owner.pk == *owner_pk && place < *count;
            let stays = !forgotten.iter().any(is_gone);
            place += 1;
            stays
        });
    }

    /// Writes the entries and forgets them; answers whose feeds went on.
    pub(crate) fn apply(
        &mut self,
        connection: &Connection,
        heads: &mut FeedHeads,
    ) -> Result<Vec<UserId>, Error> {
        self.drop_forgotten();
        if self.entries.is_empty() {
            return Ok(Vec::new());
        }
        if heads.len() >= REMEMBERED {
            heads.clear();
        }
        let mut owners: Vec<Owner> = Vec::new();
        let mut insert = connection.prepare_cached(
            "INSERT INTO feed (owner_pk, seq, at, kind, subject_pk) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for entry in self.entries.drain(..) {
            let owner_pk = entry.owner.pk;
            let head = match heads.entry(owner_pk) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(head(connection, owner_pk)?),
            };
            *head += 1;
            insert.execute(params![
                owner_pk,
                to_integer(*head, "a feed's number")?,
                entry.at.as_millisecond(),
                entry.table.kind(),
                entry.pk,
            ])?;
            owners.push(entry.owner);
        }
        owners.sort_unstable_by_key(|owner| owner.pk);
        owners.dedup_by_key(|owner| owner.pk);
        let mut update =
            connection.prepare_cached("UPDATE users SET feed_seq = ?2 WHERE pk = ?1")?;
        for owner in &owners {
            if let Some(head) = heads.get(&owner.pk) {
                update.execute(params![owner.pk, to_integer(*head, "a feed's number")?])?;
            }
        }
        Ok(owners.into_iter().map(|owner| owner.id).collect())
    }
}

/// The newest number of an owner's feed.
pub(crate) fn head(connection: &Connection, owner_pk: i64) -> Result<u64, Error> {
    let head = connection
        .prepare_cached("SELECT feed_seq FROM users WHERE pk = ?1")?
        .query_row([owner_pk], |row| row.get(0))?;
    to_count(head, "users.feed_seq")
}
