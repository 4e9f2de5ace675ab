//! What waits: every entry that is not settled, by position and by lane.
//!
//! Invariant: a lane counts as waiting from before its entries are written until after they are settled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryPlace {
    /// Its lane.
    pub(crate) lane: Uuid,
    /// When it was journalled, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The first position of its segment.
    pub(crate) segment: u64,
    /// Where its frame begins.
    pub(crate) offset: u64,
    /// The length of its frame.
    pub(crate) length: u32,
    /// Its place in the frame.
    pub(crate) place: u32,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: BTreeMap<u64, EntryPlace>,
    lanes: HashMap<Uuid, u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Index {
    waiting: Mutex<Waiting>,
}

impl Index {
    pub(crate) fn new(entries: Vec<(u64, EntryPlace)>) -> Self {
        let index = Self::default();
        index.reserve(entries.iter().map(|(_, place)| place.lane));
        index.insert(entries);
        index
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change is whole before the lock is let go.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries of these lanes are about to be written.
    pub(crate) fn reserve(&self, lanes: impl IntoIterator<Item = Uuid>) {
        let mut waiting = self.lock();
        for lane in lanes {
            *waiting.lanes.entry(lane).or_default() += 1;
        }
    }

    /// They were not written after all.
    pub(crate) fn give_back(&self, lanes: impl IntoIterator<Item = Uuid>) {
        let mut waiting = self.lock();
        for lane in lanes {
            waiting.release(lane);
        }
    }

    /// Entries whose lanes were reserved are durable.
    pub(crate) fn insert(&self, entries: Vec<(u64, EntryPlace)>) {
        self.lock().entries.extend(entries);
    }

    /// An entry is settled; whether it was waiting.
    pub(crate) fn remove(&self, position: u64) -> bool {
        let mut waiting = self.lock();
        let Some(place) = waiting.entries.remove(&position) else {
            return false;
        };
        waiting.release(place.lane);
        true
    }

    pub(crate) fn has_lane(&self, lane: Uuid) -> bool {
        self.lock().lanes.contains_key(&lane)
    }

    pub(crate) fn get(&self, position: u64) -> Option<EntryPlace> {
        self.lock().entries.get(&position).copied()
    }

    /// At most so many entries from a position on.
    pub(crate) fn from(&self, position: u64, most: usize) -> Vec<(u64, EntryPlace)> {
        let waiting = self.lock();
        let entries = waiting.entries.range(position..).take(most);
        entries
            .map(|(position, place)| (*position, *place))
            .collect()
    }

    /// Whether any entry in these positions waits.
    pub(crate) fn has_any(&self, positions: std::ops::Range<u64>) -> bool {
        self.lock().entries.range(positions).next().is_some()
    }

    pub(crate) fn count(&self) -> u64 {
        self.lock().entries.len() as u64
    }

    /// When the oldest one was journalled.
    pub(crate) fn oldest_at(&self) -> Option<i64> {
        let waiting = self.lock();
        waiting.entries.first_key_value().map(|(_, place)| place.at)
    }
}

impl Waiting {
    fn release(&mut self, lane: Uuid) {
        if let Some(count) = self.lanes.get_mut(&lane) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.lanes.remove(&lane);
            }
        }
    }
}
