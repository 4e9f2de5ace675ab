//! The items in memory: by id, in order, by lane.
//!
//! Invariants:
//! - a lane's pending items carry the numbers `applied + 1, applied + 2, …` in their order; a number is never stored with an item, so
//!   items that leave the queue unsent leave no gap;
//! - `pending` holds exactly the items whose fate is pending, in the order of all items.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::id::{ItemId, LaneId};
use crate::item::{FailReason, Fate, StoredItem};
use crate::stored::StoredLane;
use crate::time::Millis;
use crate::write_log::WritePosition;

/// An item in memory.
#[derive(Debug)]
pub(crate) struct Item<P> {
    pub(crate) stored: StoredItem<P>,
    /// Its place in this engine's queue: the stored order, unless it came too late for that.
    pub(crate) rank: u64,
    /// The write that makes its present form durable.
    pub(crate) written_at: WritePosition,
    /// Whether the user was told that it is safe.
    pub(crate) is_accepted: bool,
    /// Whether a request with it may have left, in this life or in an earlier one.
    pub(crate) maybe_sent: bool,
    /// Requests with it in this life.
    pub(crate) attempts: u32,
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
    pub(crate) items: VecDeque<ItemId>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Queue<P> {
    items: HashMap<ItemId, Item<P>>,
    /// Items of several engines may have the same order; the id decides then.
    pending: BTreeSet<(u64, ItemId)>,
    lanes: BTreeMap<LaneId, Lane>,
    children: HashMap<ItemId, BTreeSet<ItemId>>,
    tray: BTreeSet<ItemId>,
    last_order: u64,
}

impl<P: Clone> Queue<P> {
    pub(crate) fn new() -> Self {
        Self {
            items: HashMap::new(),
            pending: BTreeSet::new(),
            lanes: BTreeMap::new(),
            children: HashMap::new(),
            tray: BTreeSet::new(),
            last_order: 0,
        }
    }

    pub(crate) fn get(&self, id: ItemId) -> Option<&Item<P>> {
        self.items.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: ItemId) -> Option<&mut Item<P>> {
        self.items.get_mut(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn pending_count(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn tray_count(&self) -> usize {
        self.tray.len()
    }

    /// Pending items in order.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Item<P>> {
        self.pending.iter().filter_map(|(_, id)| self.items.get(id))
    }

    /// Every item, in no particular order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Item<P>> {
        self.items.values()
    }

    pub(crate) fn lane(&self, lane: &LaneId) -> Option<&Lane> {
        self.lanes.get(lane)
    }

    pub(crate) fn lane_mut(&mut self, lane: &LaneId) -> &mut Lane {
        if !self.lanes.contains_key(lane) {
            self.lanes.insert(lane.clone(), Lane::default());
        }
        self.lanes.entry(lane.clone()).or_default()
    }

    pub(crate) fn stored_lane(&self, lane: &LaneId, now: Millis) -> StoredLane {
        let known = self.lanes.get(lane);
        StoredLane {
            lane: lane.clone(),
            applied: known.map_or(0, |lane| lane.applied),
            is_uncertain: known.is_some_and(|lane| now < lane.careful_until),
        }
    }

    /// Requests with other numbers may be on the way, in every lane.
    pub(crate) fn be_careful_until(&mut self, until: Millis) {
        for lane in self.lanes.values_mut() {
            lane.careful_until = lane.careful_until.max(until);
        }
    }

    /// The rank of the lane's last item that may have been sent.
    pub(crate) fn last_sent_rank(&self, lane: &LaneId) -> Option<u64> {
        let items = self.lanes.get(lane)?.items.iter().rev();
        let mut items = items.filter_map(|id| self.items.get(id));
        items.find(|item| item.maybe_sent).map(|item| item.rank)
    }

    /// An order after everything so far and after the parent. Begins at the caller's clock, so that the items of several engines of one
    /// store can be merged.
    pub(crate) fn next_order(&mut self, caller_now: u64) -> u64 {
        self.last_order = self
            .last_order
            .saturating_add(1)
            .max(caller_now.saturating_mul(1_000));
        self.last_order
    }

    /// Puts an item in. Its id must be new.
    pub(crate) fn insert(&mut self, item: Item<P>) {
        let id = item.stored.id;
        self.last_order = self.last_order.max(item.rank);
        if let Some(parent) = item.stored.parent {
            self.children.entry(parent).or_default().insert(id);
        }
        let is_pending = item.stored.fate == Fate::Pending;
        let rank = item.rank;
        let lane = item.stored.lane.clone();
        if matches!(item.stored.fate, Fate::Failed { .. }) {
            self.tray.insert(id);
        }
        self.items.insert(id, item);
        if is_pending {
            self.pending.insert((rank, id));
            let items = &self.items;
            let queue = &mut self.lanes.entry(lane).or_default().items;
            let place = queue.partition_point(|other| {
                items
                    .get(other)
                    .is_some_and(|other| (other.rank, other.stored.id) < (rank, id))
            });
            queue.insert(place, id);
        }
    }

    /// Changes what an item waits for.
    pub(crate) fn set_fate(&mut self, id: ItemId, fate: Fate) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        if matches!(fate, Fate::Failed { .. }) {
            self.tray.insert(id);
        } else {
            self.tray.remove(&id);
        }
        let was_pending = item.stored.fate == Fate::Pending;
        item.stored.fate = fate;
        let (rank, lane) = (item.rank, item.stored.lane.clone());
        if was_pending {
            self.leave(id, rank, &lane);
        }
    }

    /// Moves a pending item to another place.
    pub(crate) fn move_to(&mut self, id: ItemId, rank: u64) {
        if let Some(mut item) = self.remove(id) {
            item.rank = rank;
            item.stored.late_rank = Some(rank);
            self.insert(item);
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, id: ItemId) -> Option<Item<P>> {
        let item = self.items.remove(&id)?;
        self.tray.remove(&id);
        if let Some(parent) = item.stored.parent
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.remove(&id);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        if item.stored.fate == Fate::Pending {
            self.leave(id, item.rank, &item.stored.lane);
        }
        Some(item)
    }

    fn leave(&mut self, id: ItemId, rank: u64, lane: &LaneId) {
        self.pending.remove(&(rank, id));
        if let Some(lane) = self.lanes.get_mut(lane) {
            if lane.items.front() == Some(&id) {
                lane.items.pop_front();
            } else {
                lane.items.retain(|other| *other != id);
            }
        }
    }

    /// The pending items that build on this one, near ones first.
    pub(crate) fn pending_descendants(&self, id: ItemId) -> Vec<ItemId> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([id]);
        let mut next = vec![id];
        while let Some(parent) = next.pop() {
            for child in self.children.get(&parent).into_iter().flatten() {
                if seen.insert(*child) {
                    next.push(*child);
                    if self.is_pending(*child) {
                        found.push(*child);
                    }
                }
            }
        }
        found
    }

    pub(crate) fn is_pending(&self, id: ItemId) -> bool {
        self.items
            .get(&id)
            .is_some_and(|item| item.stored.fate == Fate::Pending)
    }

    /// Why the item is in the tray, or was when it was discarded.
    pub(crate) fn fail_reason(&self, id: ItemId) -> Option<&FailReason> {
        match &self.items.get(&id)?.stored.fate {
            Fate::Pending => None,
            Fate::Failed { reason } | Fate::Discarded { reason } => Some(reason),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        let last_order = self.last_order;
        *self = Self::new();
        self.last_order = last_order;
    }
}
