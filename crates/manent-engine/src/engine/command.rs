//! What the user and the shell ask for.

use super::Engine;
use crate::id::ItemId;
use crate::item::{FailReason, Fate, NewItem, StoredItem};
use crate::port::{CommandError, Event, Output};
use crate::queue::Item;
use crate::stored::{Snapshot, StoreOperation};

impl<P: Clone> Engine<P> {
    /// Takes an item in; it takes the place of another one in the same transaction.
    pub(super) fn enqueue(&mut self, new: NewItem<P>, replaces: Option<ItemId>) {
        let id = new.id;
        let is_full = self
            .config
            .max_items
            .is_some_and(|most| self.queue.len() >= most);
        if self.is_signed_out {
            return self.refuse(id, CommandError::SignedOut);
        }
        if self.queue.get(id).is_some() {
            return self.refuse(id, CommandError::IdInUse);
        }
        if is_full && replaces.is_none() {
            return self.refuse(id, CommandError::Full);
        }
        let fate = if new.size_bytes > self.config.max_item_bytes {
            Fate::Failed {
                reason: FailReason::TooLarge {
                    limit_bytes: self.config.max_item_bytes,
                },
            }
        } else if let Some(parent) = new.parent
            && self.queue.fail_reason(parent).is_some()
        {
            Fate::Failed {
                reason: FailReason::Blocked { by: Some(parent) },
            }
        } else {
            Fate::Pending
        };
        let caller_now = self.timeline.caller();
        let order = self.queue.next_order(caller_now);
        self.queue.insert(Item {
            stored: StoredItem {
                id,
                lane: new.lane,
                order,
                late_rank: None,
                parent: new.parent,
                payload: new.payload,
                size_bytes: new.size_bytes,
                trace: new.trace,
                enqueued_at: caller_now,
                fate,
            },
            rank: order,
            written_at: u64::MAX,
            is_accepted: false,
            maybe_sent: false,
            attempts: 0,
        });
        self.write(id);
        self.notify_state(id);
        if let Some(replaced) = replaces {
            self.queue.remove(replaced);
            self.discards.retain(|(_, other)| *other != replaced);
            self.log.push(StoreOperation::DeleteItem(replaced));
        }
    }

    fn check_unsent(&self, id: ItemId) -> Result<(), CommandError> {
        let item = self.queue.get(id).ok_or(CommandError::Unknown)?;
        if item.stored.fate != Fate::Pending {
            return Err(CommandError::Unknown);
        }
        if item.maybe_sent {
            return Err(CommandError::MaybeSent);
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self, id: ItemId) {
        match self.check_unsent(id) {
            Ok(()) => self.fail(id, FailReason::Withdrawn),
            Err(error) => self.refuse(id, error),
        }
    }

    pub(super) fn replace(&mut self, id: ItemId, payload: P, size_bytes: u64) {
        if let Err(error) = self.check_unsent(id) {
            return self.refuse(id, error);
        }
        if let Some(item) = self.queue.get_mut(id) {
            item.stored.payload = payload;
            item.stored.size_bytes = size_bytes;
            item.is_accepted = false;
        }
        let limit_bytes = self.config.max_item_bytes;
        if size_bytes > limit_bytes {
            return self.fail(id, FailReason::TooLarge { limit_bytes });
        }
        self.write(id);
        self.notify_state(id);
    }

    pub(super) fn resend(&mut self, failed: ItemId, replacement: NewItem<P>) {
        if self.queue.fail_reason(failed).is_none() {
            return self.refuse(failed, CommandError::NotInTray);
        }
        self.enqueue(replacement, Some(failed));
    }

    pub(super) fn discard(&mut self, id: ItemId) {
        let Some(Fate::Failed { reason }) = self.queue.get(id).map(|item| item.stored.fate.clone())
        else {
            return self.refuse(id, CommandError::NotInTray);
        };
        self.queue.set_fate(id, Fate::Discarded { reason });
        self.schedule_removal(id);
        self.write(id);
        self.notify_state(id);
    }

    pub(super) fn schedule_removal(&mut self, id: ItemId) {
        let deadline = self.timeline.now().saturating_add(self.config.undo_ms);
        self.discards.insert((deadline, id));
    }

    pub(super) fn undo(&mut self, id: ItemId) {
        let fate = self.queue.get(id).map(|item| item.stored.fate.clone());
        let Some(Fate::Discarded { reason }) = fate else {
            return self.refuse(id, CommandError::NotInTray);
        };
        self.discards.retain(|(_, other)| *other != id);
        self.put_into_tray(id, reason);
    }

    /// Takes in what a store held: at the start, or from another engine of the same store. Items that are known already stay as they are.
    pub(super) fn take_in(&mut self, snapshot: Snapshot<P>) {
        if self.is_signed_out {
            return;
        }
        let now = self.timeline.now();
        let careful_until = now.saturating_add(self.config.caution_ms);
        for stored in snapshot.lanes {
            let lane = self.queue.lane_mut(&stored.lane);
            lane.applied = lane.applied.max(stored.applied);
            if stored.is_uncertain {
                lane.careful_until = careful_until;
            }
        }
        let mut items = snapshot.items;
        items.sort_by_key(|item| (item.late_rank.unwrap_or(item.order), item.id));
        for mut stored in items {
            // One that is being removed is settled: a reader may still see it.
            if self.queue.get(stored.id).is_some() || self.log.is_removing(stored.id) {
                continue;
            }
            let id = stored.id;
            // What may be on the way keeps its number: nothing is put before it.
            let last_sent = self.queue.last_sent_rank(&stored.lane);
            let rank = stored.late_rank.unwrap_or(stored.order);
            let is_late = stored.fate == Fate::Pending && last_sent.is_some_and(|last| rank < last);
            let rank = if is_late {
                self.queue.next_order(0)
            } else {
                rank
            };
            if is_late {
                stored.late_rank = Some(rank);
            }
            let is_discarded = matches!(stored.fate, Fate::Discarded { .. });
            self.queue.insert(Item {
                stored,
                rank,
                written_at: 0,
                is_accepted: true,
                maybe_sent: true,
                attempts: 0,
            });
            if is_discarded {
                self.schedule_removal(id);
            }
            if is_late {
                self.write(id);
            }
        }
    }

    pub(super) fn release(&mut self, ids: &[ItemId]) {
        for id in ids {
            if !self.is_in_flight(*id) {
                self.queue.remove(*id);
                self.discards.retain(|(_, other)| other != id);
            }
        }
    }

    pub(super) fn lead(&mut self, leads: bool) {
        if leads && !self.is_leading {
            // Requests of the leader before this one may be on the way.
            let now = self.timeline.now();
            self.queue
                .be_careful_until(now.saturating_add(self.config.caution_ms));
            self.go_last();
        }
        self.is_leading = leads;
        if !leads {
            self.drop_request();
        }
    }

    /// Puts what was never sent behind what others may have sent.
    fn go_last(&mut self) {
        let unsent = self.queue.pending().filter(|item| !item.maybe_sent);
        let unsent: Vec<ItemId> = unsent.map(|item| item.stored.id).collect();
        for id in unsent {
            let rank = self.queue.next_order(0);
            self.queue.move_to(id, rank);
            self.write(id);
        }
    }

    /// Stops waiting for the request that is under way; its items stay queued.
    pub(super) fn drop_request(&mut self) {
        if let Some(sent) = self.in_flight.take() {
            self.outputs.push_back(Output::Cancel(sent.request));
            let now = self.timeline.now();
            self.pacer.on_abandoned(now, &mut self.rng);
            for item in &sent.items {
                self.notify_state(item.id);
            }
        }
    }

    pub(super) fn notify_metrics(&mut self) {
        let metrics = self.metrics();
        self.notify(Event::Metrics(metrics));
    }
}
