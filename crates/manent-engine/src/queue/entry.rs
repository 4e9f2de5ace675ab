//! An item and a lane in memory.

use std::collections::BTreeSet;

use super::Place;
use crate::history::HistoryEntry;
use crate::item::{Fate, ItemState, StoredItem};
use crate::time::Millis;
use crate::write_log::WritePosition;

/// An item in memory.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub(crate) struct Item<P> {
    pub(crate) stored: StoredItem<P>,
    /// Its place in this engine's queue: the stored one, unless an earlier item of its lane stands behind that.
    pub(crate) rank: u64,
    /// The write that makes its present form durable.
    pub(crate) written_at: WritePosition,
    /// Whether the user was told that it is safe.
    pub(crate) is_accepted: bool,
    /// While a decision of the user is not durable yet: what is shown instead of it.
    pub(crate) shown: Option<Shown>,
    /// Where it was last told to stand, whatever holds up the whole queue; absent: it is to be told.
    pub(crate) told: Option<ItemState>,
    /// Whether something of it changed since it was last looked at whether that is to be told.
    pub(crate) is_touched: bool,
    /// Whether it counts among those that the device's store has not confirmed.
    pub(crate) is_storing: bool,
    /// Whether a request with it may have left, in this life or in an earlier one.
    pub(crate) maybe_sent: bool,
    /// Whether it came from a store, and not from the user.
    pub(crate) is_taken_in: bool,
    /// Requests with it in this life.
    pub(crate) attempts: u32,
    /// Whether it went behind what it builds on, so that lanes need not wait for each other.
    pub(crate) has_given_way: bool,
    /// How often the server's refusal was not believed.
    pub(crate) further_tries: u8,
    pub(crate) history: Vec<HistoryEntry>,
}

impl<P> Item<P> {
    pub(crate) fn place(&self) -> Place {
        (self.rank, self.stored.id)
    }
}

/// What is shown of an item while a decision about it is not durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Where it stood before.
    As(Fate),
    /// It was not safe before either.
    Storing,
}

#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// The last number that the server settled.
    pub(crate) applied: u64,
    /// Changes of the numbering since an item was last settled.
    pub(crate) moves: u32,
    /// Whether the server stored an item under the number that this engine gave it, since the numbering last changed.
    pub(crate) is_confirmed: bool,
    /// Until then requests with other numbers may still be on the way; by the engine's own time.
    pub(crate) careful_until: Millis,
    /// The write that took an item out of the lane. Nothing is sent before it is durable: after a crash the item would be back in its
    /// place, behind what had followed it.
    pub(crate) gate: WritePosition,
    /// Pending items in order.
    pub(crate) items: BTreeSet<Place>,
}
