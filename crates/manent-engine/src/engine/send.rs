//! Putting a request together and letting it go.
//!
//! Invariants, checked here for every request: each item in it is durable in its present form; there is no other request under way; a
//! probe holds one item, the head of the queue; a lane's items are its first ones, in order.
//!
//! A lane sends one item at a time until the server took one under the number that the engine gave it, and for a while after its
//! numbering changed: where the numbers are off, the server could take a later item of a request and not the earlier one.

use std::collections::{BTreeSet, HashSet};

use super::{Engine, InFlight, SentItem};
use crate::circuit_breaker::Permit;
use crate::id::{ItemId, LaneId, RequestId};
use crate::port::{Batch, BatchItem, Event, Output};
use crate::time::Millis;

/// So many items are looked at for one request, however many are queued.
const SCAN_LIMIT: usize = 1_000;

impl<P: Clone> Engine<P> {
    /// Sends what may be sent. Tells when to ask again, by the engine's own time.
    pub(super) fn try_send(&mut self) -> Option<Millis> {
        if self.in_flight.is_some() || !self.is_leading || self.is_signed_out {
            return None;
        }
        let head = self.compose(1);
        if head.is_empty() {
            return None;
        }
        let permit = self.pacer.acquire(self.timeline.now());
        let items = match permit {
            Permit::Denied { until } => return until,
            Permit::Probe => head,
            Permit::Normal if self.isolate > 0 => head,
            Permit::Normal => self.compose(self.config.max_batch_items),
        };
        self.isolate = self.isolate.saturating_sub(1);
        self.send(items, permit == Permit::Probe);
        None
    }

    /// The next items to send, in order: the beginnings of lanes of one device.
    fn compose(&self, most: usize) -> Vec<SentItem> {
        let mut chosen: Vec<SentItem> = Vec::new();
        let mut ids: HashSet<ItemId> = HashSet::new();
        let mut closed: BTreeSet<&LaneId> = BTreeSet::new();
        let mut numbers: std::collections::BTreeMap<&LaneId, u64> =
            std::collections::BTreeMap::new();
        let mut bytes = 0_u64;
        let now = self.timeline.now();
        for item in self.queue.pending().take(SCAN_LIMIT) {
            let lane = &item.stored.lane;
            if chosen.len() >= most {
                break;
            }
            if closed.contains(lane) {
                continue;
            }
            let is_foreign = chosen
                .first()
                .is_some_and(|first| first.lane.device != lane.device);
            let waits_for_parent = item.stored.parent.is_some_and(|parent| {
                !ids.contains(&parent)
                    && self.queue.is_pending(parent)
                    && self
                        .queue
                        .get(parent)
                        .is_some_and(|parent| parent.rank < item.rank)
            });
            let is_gated = self
                .queue
                .lane(lane)
                .is_some_and(|lane| !self.log.is_durable(lane.gate));
            if is_foreign || waits_for_parent || is_gated || !self.log.is_durable(item.written_at) {
                closed.insert(lane);
                continue;
            }
            bytes = bytes.saturating_add(item.stored.size_bytes);
            if !chosen.is_empty() && bytes > self.config.max_batch_bytes {
                break;
            }
            let known = self.queue.lane(lane);
            let applied = known.map_or(0, |lane| lane.applied);
            let is_certain =
                known.is_some_and(|lane| lane.is_confirmed && lane.careful_until <= now);
            if !is_certain {
                closed.insert(lane);
            }
            let number = numbers.entry(lane).or_insert(applied);
            *number += 1;
            ids.insert(item.stored.id);
            chosen.push(SentItem {
                id: item.stored.id,
                lane: lane.clone(),
                number: *number,
            });
        }
        chosen
    }

    fn send(&mut self, sent: Vec<SentItem>, is_probe: bool) {
        let is_safe = sent.iter().all(|item| {
            self.queue
                .get(item.id)
                .is_some_and(|found| self.log.is_durable(found.written_at))
        });
        if !is_safe {
            let now = self.timeline.now();
            self.pacer.on_abandoned(now, &mut self.rng);
            return self.notify(Event::InvariantHeld("persist before send"));
        }
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
        let request = RequestId(self.last_request);
        let now = self.timeline.now();
        let ids: Vec<ItemId> = sent.iter().map(|item| item.id).collect();
        self.in_flight = Some(InFlight {
            request,
            items: sent,
            deadline: now.saturating_add(self.config.request_timeout_ms),
        });
        let batch = Batch {
            device,
            items,
            is_probe,
        };
        self.outputs.push_back(Output::Send(request, batch));
        for id in ids {
            self.notify_state(id);
        }
    }
}
