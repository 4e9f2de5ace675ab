//! The items in memory: by id, in order, by lane.
//!
//! Invariants:
//! - a lane's pending items carry the numbers `applied + 1, applied + 2, …` in their order; a number is never stored with an item, so
//!   items that leave the queue unsent leave no gap;
//! - a lane's `items` are exactly its items whose fate is pending, in the order of their ranks, which is that of their places in the lane;
//! - `heads` holds the first pending item of each lane, by device;
//! - `touched` holds every item that may be shown otherwise than when [`Queue::take_touched`] was last called: those of which something
//!   changed, and those in other lanes whose parent went. Nothing of an item changes but through here;
//! - nothing here walks over all items, but for [`Queue::all`] and [`Queue::clear`].

mod entry;
mod family;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use manent_types::DeviceId;

use crate::id::{ItemId, LaneId};
use crate::item::{Fate, ItemState};
use crate::stored::StoredLane;
use crate::time::Millis;
pub(crate) use entry::{Item, Lane, Shown};
pub(crate) use walk::Walk;

/// A place in the queue. Items of several engines may have the same rank; the id decides then.
pub(crate) type Place = (u64, ItemId);

/// See the module.
#[derive(Debug)]
pub(crate) struct Queue<P> {
    items: HashMap<ItemId, Item<P>>,
    /// In the order in which they were enqueued.
    by_order: BTreeSet<Place>,
    lanes: BTreeMap<LaneId, Lane>,
    heads: BTreeMap<DeviceId, BTreeMap<Place, LaneId>>,
    children: HashMap<ItemId, BTreeSet<ItemId>>,
    tray: BTreeSet<ItemId>,
    pending: usize,
    storing: usize,
    touched: Vec<ItemId>,
    last_order: u64,
}

impl<P> Queue<P> {
    pub(crate) fn new() -> Self {
        Self {
            items: HashMap::new(),
            by_order: BTreeSet::new(),
            lanes: BTreeMap::new(),
            heads: BTreeMap::new(),
            children: HashMap::new(),
            tray: BTreeSet::new(),
            pending: 0,
            storing: 0,
            touched: Vec::new(),
            last_order: 0,
        }
    }

    pub(crate) fn get(&self, id: ItemId) -> Option<&Item<P>> {
        self.items.get(&id)
    }

    /// An item that is about to change.
    pub(crate) fn get_mut(&mut self, id: ItemId) -> Option<&mut Item<P>> {
        let item = self.items.get_mut(&id)?;
        mark(item, &mut self.touched);
        Some(item)
    }

    /// Notes that an item may be shown otherwise from now on.
    pub(crate) fn touch(&mut self, id: ItemId) {
        if let Some(item) = self.items.get_mut(&id) {
            mark(item, &mut self.touched);
        }
    }

    /// The items that may be shown otherwise since this was last called, and the ones that build on them may, too.
    pub(crate) fn take_touched(&mut self) -> Vec<ItemId> {
        let touched = std::mem::take(&mut self.touched);
        for id in &touched {
            if let Some(item) = self.items.get_mut(id) {
                item.is_touched = false;
            }
        }
        touched
    }

    /// Notes where an item was told to stand.
    pub(crate) fn set_told(&mut self, id: ItemId, standing: ItemState) {
        if let Some(item) = self.items.get_mut(&id) {
            item.told = Some(standing);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn pending_count(&self) -> usize {
        self.pending
    }

    pub(crate) fn storing_count(&self) -> usize {
        self.storing
    }

    pub(crate) fn tray_count(&self) -> usize {
        self.tray.len()
    }

    /// The pending item that is next, whatever holds it up.
    pub(crate) fn oldest_pending(&self) -> Option<&Item<P>> {
        let firsts = self.heads.values().filter_map(|heads| heads.keys().next());
        self.items.get(&firsts.min()?.1)
    }

    /// The first pending item of each lane.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &Item<P>> {
        let places = self.heads.values().flat_map(BTreeMap::keys);
        places.filter_map(|(_, id)| self.items.get(id))
    }

    /// The first pending item of a lane.
    pub(crate) fn first_of(&self, lane: &LaneId) -> Option<&Item<P>> {
        let (_, id) = self.lanes.get(lane)?.items.first()?;
        self.items.get(id)
    }

    /// Every item, in the order in which they were enqueued.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Item<P>> {
        self.by_order
            .iter()
            .filter_map(|(_, id)| self.items.get(id))
    }

    /// Every item after that one, in the order in which they were enqueued.
    pub(crate) fn all_after(&self, order: u64, id: ItemId) -> impl Iterator<Item = &Item<P>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_order
            .range((Excluded((order, id)), Unbounded))
            .filter_map(|(_, id)| self.items.get(id))
    }

    /// What waits for the user, in no particular order.
    pub(crate) fn tray(&self) -> impl Iterator<Item = &Item<P>> {
        self.tray.iter().filter_map(|id| self.items.get(id))
    }

    /// Every lane that is known.
    pub(crate) fn lanes_mut(&mut self) -> impl Iterator<Item = (&LaneId, &mut Lane)> {
        self.lanes.iter_mut()
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

    /// The lane's last item that may have been sent, or that a store told of; and those after it.
    pub(crate) fn end_of(&self, lane: &LaneId) -> (Option<&Item<P>>, Vec<&Item<P>>) {
        let mut after = Vec::new();
        let places = self.lanes.get(lane).map(|lane| lane.items.iter().rev());
        for (_, id) in places.into_iter().flatten() {
            let Some(item) = self.items.get(id) else {
                continue;
            };
            if item.maybe_sent || item.is_taken_in {
                return (Some(item), after);
            }
            after.push(item);
        }
        (None, after)
    }

    /// Devices with pending items, those after `last` first.
    pub(crate) fn devices_after<'queue>(
        &'queue self,
        last: Option<&'queue DeviceId>,
    ) -> impl Iterator<Item = &'queue DeviceId> {
        let later = self.heads.keys().filter(move |device| Some(*device) > last);
        let others = self
            .heads
            .keys()
            .filter(move |device| Some(*device) <= last);
        later.chain(others)
    }

    /// A device's pending items in order; a lane can be left out from any of its items on.
    pub(crate) fn walk<'queue>(&'queue self, device: &DeviceId) -> Walk<'queue, P> {
        Walk::new(self, self.heads.get(device))
    }

    /// A place after everything so far. Begins at the caller's clock, so that the items of several engines of one store can be merged.
    pub(crate) fn next_order(&mut self, caller_now: u64) -> u64 {
        self.last_order = self
            .last_order
            .saturating_add(1)
            .max(caller_now.saturating_mul(1_000));
        self.last_order
    }

    /// Puts an item in. Its id must be new.
    pub(crate) fn insert(&mut self, mut item: Item<P>) {
        let id = item.stored.id;
        mark(&mut item, &mut self.touched);
        self.last_order = self.last_order.max(item.rank).max(item.stored.order);
        if let Some(parent) = item.stored.parent {
            self.children.entry(parent).or_default().insert(id);
        }
        self.by_order.insert((item.stored.order, id));
        self.storing += usize::from(item.is_storing);
        match item.stored.fate {
            Fate::Pending => self.enter(&item.stored.lane, item.place()),
            Fate::Failed { .. } => {
                self.tray.insert(id);
            }
            Fate::Discarded { .. } => {}
        }
        self.items.insert(id, item);
    }

    /// Changes what an item waits for.
    pub(crate) fn set_fate(&mut self, id: ItemId, fate: Fate) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        mark(item, &mut self.touched);
        if matches!(fate, Fate::Failed { .. }) {
            self.tray.insert(id);
        } else {
            self.tray.remove(&id);
        }
        let was_pending = item.stored.fate == Fate::Pending;
        let is_pending = fate == Fate::Pending;
        item.stored.fate = fate;
        let (place, lane) = (item.place(), item.stored.lane.clone());
        if was_pending && !is_pending {
            self.leave(&lane, place);
        }
        if is_pending && !was_pending {
            self.enter(&lane, place);
        }
    }

    /// Makes an item pending, behind everything else.
    pub(crate) fn requeue(&mut self, id: ItemId, caller_now: Millis) {
        let rank = self.next_order(caller_now);
        let Some(behind) = self.order_to_stand_behind(id) else {
            return;
        };
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        mark(item, &mut self.touched);
        let was_pending = item.stored.fate == Fate::Pending;
        let (old, lane) = (item.place(), item.stored.lane.clone());
        item.rank = rank;
        item.stored.put_behind = Some(behind);
        item.stored.late_rank = Some(rank);
        item.stored.fate = Fate::Pending;
        let new = item.place();
        self.tray.remove(&id);
        if was_pending {
            self.leave(&lane, old);
        }
        self.enter(&lane, new);
    }

    /// The highest order in the item's lane that it or a pending item has, or was put behind.
    fn order_to_stand_behind(&self, id: ItemId) -> Option<u64> {
        let item = self.items.get(&id)?;
        let lane = self.lanes.get(&item.stored.lane);
        let last = lane.and_then(|lane| lane.items.last());
        let last = last.and_then(|(_, id)| self.items.get(id));
        let (order, ..) = item.stored.place_in_lane();
        Some(last.map_or(order, |last| order.max(last.stored.place_in_lane().0)))
    }

    /// Gives a pending item another rank.
    pub(crate) fn set_rank(&mut self, id: ItemId, rank: u64) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        let (old, lane) = (item.place(), item.stored.lane.clone());
        item.rank = rank;
        let new = item.place();
        self.last_order = self.last_order.max(rank);
        self.leave(&lane, old);
        self.enter(&lane, new);
    }

    /// Gives an item another parent.
    pub(crate) fn set_parent(&mut self, id: ItemId, parent: Option<ItemId>) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        mark(item, &mut self.touched);
        let before = std::mem::replace(&mut item.stored.parent, parent);
        self.forget_child(before, id);
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().insert(id);
        }
    }

    /// Notes whether the device's store has yet to confirm an item.
    pub(crate) fn set_storing(&mut self, id: ItemId, is_storing: bool) {
        if let Some(item) = self.items.get_mut(&id)
            && item.is_storing != is_storing
        {
            item.is_storing = is_storing;
            if is_storing {
                self.storing += 1;
            } else {
                self.storing -= 1;
            }
        }
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, id: ItemId) -> Option<Item<P>> {
        let item = self.items.remove(&id)?;
        for child in self.children.get(&id).into_iter().flatten() {
            if let Some(child) = self.items.get_mut(child)
                && child.stored.lane != item.stored.lane
            {
                mark(child, &mut self.touched);
            }
        }
        self.tray.remove(&id);
        self.by_order.remove(&(item.stored.order, id));
        self.storing -= usize::from(item.is_storing);
        self.forget_child(item.stored.parent, id);
        if item.stored.fate == Fate::Pending {
            self.leave(&item.stored.lane, item.place());
        }
        Some(item)
    }

    fn forget_child(&mut self, parent: Option<ItemId>, id: ItemId) {
        if let Some(parent) = parent
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.remove(&id);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
    }

    fn enter(&mut self, id: &LaneId, place: Place) {
        let lane = self.lane_mut(id);
        let before = lane.items.first().copied();
        if lane.items.insert(place) {
            let after = lane.items.first().copied();
            self.pending += 1;
            self.move_head(id, before, after);
        }
    }

    fn leave(&mut self, id: &LaneId, place: Place) {
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        let before = lane.items.first().copied();
        if lane.items.remove(&place) {
            let after = lane.items.first().copied();
            self.pending -= 1;
            self.move_head(id, before, after);
        }
    }

    fn move_head(&mut self, lane: &LaneId, before: Option<Place>, after: Option<Place>) {
        if before == after {
            return;
        }
        let heads = self.heads.entry(lane.device.clone()).or_default();
        if let Some(before) = before {
            heads.remove(&before);
        }
        if let Some(after) = after {
            heads.insert(after, lane.clone());
        }
        if heads.is_empty() {
            self.heads.remove(&lane.device);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        let last_order = self.last_order;
        *self = Self::new();
        self.last_order = last_order;
    }
}

fn mark<P>(item: &mut Item<P>, touched: &mut Vec<ItemId>) {
    if !std::mem::replace(&mut item.is_touched, true) {
        touched.push(item.stored.id);
    }
}
