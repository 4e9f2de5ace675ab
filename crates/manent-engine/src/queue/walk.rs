//! Going through a device's pending items.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Item, Place, Queue};
use crate::id::LaneId;

/// A device's pending items in order. Lanes are opened one after the other, so that one with many items costs no more than one with few.
pub(crate) struct Walk<'queue, P> {
    queue: &'queue Queue<P>,
    heads: Option<std::collections::btree_map::Iter<'queue, Place, LaneId>>,
    next_head: Option<(Place, &'queue LaneId)>,
    /// The next item of each lane that is being walked.
    opened: BinaryHeap<Reverse<(Place, &'queue LaneId)>>,
}

impl<'queue, P> Walk<'queue, P> {
    pub(super) fn new(
        queue: &'queue Queue<P>,
        heads: Option<&'queue BTreeMap<Place, LaneId>>,
    ) -> Self {
        Self {
            queue,
            heads: heads.map(BTreeMap::iter),
            next_head: None,
            opened: BinaryHeap::new(),
        }
    }

    /// The next item. Its lane goes on when [`Self::follow`] is called with it, else it is left out from here on.
    pub(crate) fn next_item(&mut self) -> Option<&'queue Item<P>> {
        if self.next_head.is_none() {
            let head = self.heads.as_mut().and_then(Iterator::next);
            self.next_head = head.map(|(place, lane)| (*place, lane));
        }
        let is_head_next = match (&self.next_head, self.opened.peek()) {
            (Some(head), Some(Reverse(opened))) => head < opened,
            (head, _) => head.is_some(),
        };
        let ((_, id), _) = if is_head_next {
            self.next_head.take()?
        } else {
            self.opened.pop()?.0
        };
        self.queue.items.get(&id)
    }

    /// Goes on with the lane of an item.
    pub(crate) fn follow(&mut self, item: &'queue Item<P>) {
        use std::ops::Bound::{Excluded, Unbounded};
        let lane = &item.stored.lane;
        let Some(known) = self.queue.lanes.get(lane) else {
            return;
        };
        let mut rest = known.items.range((Excluded(item.place()), Unbounded));
        if let Some(place) = rest.next() {
            self.opened.push(Reverse((*place, lane)));
        }
    }
}
