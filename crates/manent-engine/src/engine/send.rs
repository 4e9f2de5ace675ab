//! Putting a request together and letting it go.
//!
//! Invariants, checked here for every request: each item in it is durable in its present form; there is no other request under way; a
//! probe holds one item, the head of the queue; a lane's items are its first ones, in order; no item is sent while the one that it builds on
//! is to be sent still, but behind that one in the same request; an item that was kept back was written as one that may be sent.
//!
//! Devices take turns, so that one with much to say does not hold up the others. A lane sends one item at a time until the server took one
//! under the number that the engine gave it, and for a while after its numbering changed: where the numbers are off, the server could take
//! a later item of a request and not the earlier one.

use std::collections::HashSet;

use manent_types::DeviceId;

use super::{Engine, InFlight, Isolation, SentItem, Tell};
use crate::circuit_breaker::Permit;
use crate::history::{HistoryEntry, HistoryStep, note};
use crate::id::{ItemId, LaneId, RequestId};
use crate::item::Fate;
use crate::port::{Batch, BatchItem, Event, Output};
use crate::queue::{Item, Place};
use crate::time::Millis;

/// What becomes of items that were kept back so far when a request is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    LeftOut,
    Included,
}

impl<P: Clone> Engine<P> {
    /// Sends what may be sent. Tells when to ask again, by the engine's own time.
    pub(super) fn try_send(&mut self) -> Option<Millis> {
        if self.in_flight.is_some()
            || !self.is_leading
            || self.is_signed_out
            || self.queue.pending_count() == self.queue.storing_count()
        {
            return None;
        }
        let now = self.timeline.now();
        if let Some(until) = self.pacer.denied(now) {
            if self.pacer.is_catching_up(now) && std::mem::take(&mut self.lets_go) {
                // One request shall take along all that waits.
                self.let_go(&self.batch(self.config.max_batch_items, Held::Included));
            }
            return until;
        }
        let mut head = self.head(Held::LeftOut);
        if head.is_empty() {
            let kept_back = self.head(Held::Included);
            if !kept_back.is_empty() {
                self.let_go(&kept_back);
                return None;
            }
            head = self.break_circle();
            if head.iter().any(|part| {
                self.queue
                    .get(part.id)
                    .is_some_and(|item| item.stored.is_held)
            }) {
                self.let_go(&head);
                return None;
            }
        }
        if head.is_empty() {
            return None;
        }
        let permit = self.pacer.acquire(now);
        let items = match permit {
            Permit::Denied { until } => return until,
            Permit::Probe => head,
            Permit::Normal => self.next_batch(head),
        };
        let under_way = items.len();
        self.send(items, permit == Permit::Probe);
        if permit == Permit::Normal {
            // Those that come next, while this request is on its way.
            let most = self.config.max_batch_items.saturating_add(under_way);
            self.let_go(&self.batch(most, Held::Included));
        }
        None
    }

    /// Has items that were kept back so far written as such that may be in a request. They can be sent when that is durable.
    fn let_go(&mut self, items: &[SentItem]) {
        let held = items.iter().filter(|item| {
            let found = self.queue.get(item.id);
            found.is_some_and(|item| item.stored.is_held)
        });
        let held: Vec<ItemId> = held.map(|item| item.id).collect();
        for id in held {
            self.keep_shown(id, Tell::WhenDurable);
            if let Some(item) = self.queue.get_mut(id) {
                item.stored.is_held = false;
            }
            self.write(id);
        }
        self.ask_store();
    }

    /// The first item of the queue that may be sent.
    fn head(&self, held: Held) -> Vec<SentItem> {
        let heads = self.queue.devices_after(None).filter_map(|device| {
            let (place, items) = self.compose(device, 1, held);
            Some((place?, items))
        });
        let first = heads.min_by_key(|(place, _)| *place);
        first.map(|(_, items)| items).unwrap_or_default()
    }

    /// When all lanes wait for each other, one goes behind what it builds on; a crash between sending again and moving what had been under way
    /// leaves such a circle. Items that build on themselves are sent: the server will say what is wrong with them.
    fn break_circle(&mut self) -> Vec<SentItem> {
        let is_blocked_otherwise = self
            .queue
            .heads()
            .any(|item| self.is_kept_back(item, Held::Included));
        let Some(first) = self
            .queue
            .oldest_pending()
            .filter(|_| !is_blocked_otherwise)
        else {
            return Vec::new();
        };
        match self.out_of_place(first) {
            Some(id) => {
                if let Some(item) = self.queue.get_mut(id) {
                    item.has_given_way = true;
                }
                self.move_along_to_end(id);
                self.ask_store();
                Vec::new()
            }
            None => vec![self.numbered(first, 1)],
        }
    }

    /// Of the lanes that wait for each other, following them from this item: one that begins with an item in front of what it builds on, and
    /// that has not given way yet.
    fn out_of_place(&self, first: &Item<P>) -> Option<ItemId> {
        let mut seen: Vec<ItemId> = Vec::new();
        let mut next = first;
        while !seen.contains(&next.stored.id) {
            seen.push(next.stored.id);
            let parent = self.queue.pending_parent(next)?;
            next = self.queue.first_of(&parent.stored.lane)?;
        }
        let led_there = |id: &&ItemId| **id != next.stored.id;
        let circle = seen.iter().skip_while(led_there);
        let mut circle = circle.filter_map(|id| self.queue.get(*id));
        let found = circle.find(|item| {
            let parent = self.queue.pending_parent(item);
            !item.has_given_way && parent.is_some_and(|parent| item.place() < parent.place())
        });
        found.map(|item| item.stored.id)
    }

    /// What is sent next when nothing is wrong.
    fn next_batch(&mut self, head: Vec<SentItem>) -> Vec<SentItem> {
        if let Some(Isolation { device, requests }) = self.isolation.take() {
            let (_, items) = self.compose(&device, 1, Held::LeftOut);
            if requests > 1 {
                let requests = requests - 1;
                self.isolation = Some(Isolation { device, requests });
            }
            return if items.is_empty() { head } else { items };
        }
        let items = self.batch(self.config.max_batch_items, Held::LeftOut);
        if items.is_empty() { head } else { items }
    }

    /// The items of the device whose turn it is.
    fn batch(&self, most: usize, held: Held) -> Vec<SentItem> {
        let last = self.last_device.as_ref();
        let mut batches = self.queue.devices_after(last).map(|device| {
            let (_, items) = self.compose(device, most, held);
            items
        });
        batches.find(|items| !items.is_empty()).unwrap_or_default()
    }

    /// The next items of a device to send, in order: the beginnings of its lanes. Tells the place of the first.
    fn compose(
        &self,
        device: &DeviceId,
        most: usize,
        held: Held,
    ) -> (Option<Place>, Vec<SentItem>) {
        let mut chosen: Vec<SentItem> = Vec::new();
        let mut first = None;
        let mut ids: HashSet<ItemId> = HashSet::new();
        // A request has few lanes: looked through, and not hashed.
        let mut numbers: Vec<(&LaneId, u64)> = Vec::new();
        let mut bytes = 0_u64;
        let now = self.timeline.now();
        let mut walk = self.queue.walk(device);
        while chosen.len() < most
            && let Some(item) = walk.next_item()
        {
            if self.is_kept_back(item, held) || self.waits(item, &ids) {
                continue;
            }
            bytes = bytes.saturating_add(item.stored.size_bytes);
            if !chosen.is_empty() && bytes > self.config.max_batch_bytes {
                break;
            }
            let lane = &item.stored.lane;
            let is_certain = self
                .queue
                .lane(lane)
                .is_some_and(|lane| lane.is_confirmed && lane.careful_until <= now);
            let known = numbers.iter_mut().find(|(known, _)| *known == lane);
            let ahead = if let Some((_, ahead)) = known {
                *ahead += 1;
                *ahead
            } else {
                numbers.push((lane, 1));
                1
            };
            ids.insert(item.stored.id);
            first.get_or_insert(item.place());
            chosen.push(self.numbered(item, ahead));
            if is_certain || held == Held::Included {
                walk.follow(item);
            }
        }
        (first, chosen)
    }

    /// An item with the number that is so far ahead of the last one that the server settled.
    fn numbered(&self, item: &Item<P>, ahead: u64) -> SentItem {
        let lane = &item.stored.lane;
        let applied = self.queue.lane(lane).map_or(0, |lane| lane.applied);
        SentItem {
            id: item.stored.id,
            lane: lane.clone(),
            number: applied.saturating_add(ahead),
            was_maybe_sent: item.maybe_sent,
        }
    }

    /// Whether the store has to confirm something before the item is sent.
    fn is_kept_back(&self, item: &Item<P>, held: Held) -> bool {
        let id = &item.stored.lane;
        let lane = self.queue.lane(id);
        let is_gated = lane.is_some_and(|lane| !self.log.is_lane_durable(id, lane.gate));
        let is_held = item.stored.is_held && held == Held::LeftOut;
        is_gated || is_held || !self.log.is_durable(item.written_at) || self.waits_for_store(item)
    }

    /// Whether the store does not know yet that what the item builds on is not to be sent: a crash would bring it back.
    fn waits_for_store(&self, item: &Item<P>) -> bool {
        item.stored
            .parent
            .is_some_and(|id| match self.queue.get(id) {
                Some(parent) => {
                    parent.stored.fate != Fate::Pending && !self.log.is_durable(parent.written_at)
                }
                // Thrown away for good, or replaced.
                None => self.removals.contains(&id),
            })
    }

    /// Whether what the item builds on is to be sent first.
    fn waits(&self, item: &Item<P>, ids: &HashSet<ItemId>) -> bool {
        self.queue
            .pending_parent(item)
            .is_some_and(|parent| !ids.contains(&parent.stored.id))
    }

    fn send(&mut self, sent: Vec<SentItem>, is_probe: bool) {
        let is_safe = sent.iter().all(|item| {
            self.queue
                .get(item.id)
                .is_some_and(|found| self.log.is_durable(found.written_at) && !found.stored.is_held)
        });
        if !is_safe {
            let now = self.timeline.now();
            self.pacer.on_abandoned(now, &mut self.rng);
            return self.notify(Event::InvariantHeld("persist before send"));
        }
        let at = self.timeline.caller();
        let mut items = Vec::with_capacity(sent.len());
        for part in &sent {
            let Some(item) = self.queue.get_mut(part.id) else {
                continue;
            };
            item.maybe_sent = true;
            item.attempts = item.attempts.saturating_add(1);
            if item.attempts > 1 {
                self.counters.retry_attempts += 1;
            }
            let mut entry = HistoryEntry::new(at, HistoryStep::Sent);
            entry.attempt = Some(item.attempts);
            note(&mut item.history, entry);
            items.push(BatchItem {
                id: part.id,
                lane: part.lane.clone(),
                number: part.number,
                parent: item.stored.parent,
                payload: item.stored.payload.clone(),
                trace: item.stored.trace.clone(),
                attempt: item.attempts,
            });
        }
        let Some(device) = items.first().map(|item| item.lane.device.clone()) else {
            return;
        };
        self.last_request += 1;
        self.last_device = Some(device.clone());
        let request = RequestId(self.last_request);
        let now = self.timeline.now();
        let ids: Vec<ItemId> = sent.iter().map(|item| item.id).collect();
        self.in_flight = Some(InFlight {
            request,
            items: sent,
            ids: ids.iter().copied().collect(),
            moving: Vec::new(),
            seen: Vec::new(),
            began: now,
            deadline: now.saturating_add(self.config.request_timeout_ms),
        });
        let batch = Batch {
            device,
            items,
            is_probe,
        };
        self.outputs.push_back(Output::Send(request, batch));
        for id in ids {
            self.queue.touch(id);
        }
    }
}
