//! What the shell and the user ask for before an item was sent, and who looks after which items.

use std::collections::HashMap;

use super::{Engine, Tell};
use crate::history::{HistoryEntry, HistoryStep};
use crate::id::{ItemId, LaneId};
use crate::item::{FailReason, Fate, NewItem, StoredItem};
use crate::port::{CommandError, Event, Output};
use crate::queue::Item;
use crate::stored::StoreOperation;

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
        if self.queue.get(id).is_some() || self.saved.get(id).is_some() {
            return self.refuse(id, CommandError::IdInUse);
        }
        if is_full && replaces.is_none() {
            return self.refuse(id, CommandError::Full);
        }
        let fate = self.fate_of_new(&new);
        let caller_now = self.timeline.caller();
        let is_held = !self.is_leading || self.is_kept_waiting();
        let order = self.queue.next_order(caller_now);
        let reason = match &fate {
            Fate::Failed { reason } => Some(reason.clone()),
            _ => None,
        };
        self.queue.insert(Item {
            stored: StoredItem {
                id,
                lane: new.lane,
                order,
                late_rank: None,
                put_behind: None,
                parent: new.parent,
                payload: new.payload,
                size_bytes: new.size_bytes,
                trace: new.trace,
                enqueued_at: caller_now,
                is_held,
                fate,
            },
            rank: order,
            written_at: u64::MAX,
            is_accepted: false,
            shown: None,
            told: None,
            is_touched: false,
            is_storing: false,
            maybe_sent: false,
            is_taken_in: false,
            attempts: 0,
            has_given_way: false,
            further_tries: 0,
            history: vec![HistoryEntry::new(caller_now, HistoryStep::Queued)],
        });
        if let Some(reason) = reason {
            let detail = crate::history::words_for_reason(&reason);
            self.note_detail(id, HistoryStep::Failed, detail);
        }
        self.write(id);
        if let Some(replaced) = replaces {
            self.discards.retain(|(_, other)| *other != replaced);
            self.remove_for_good(replaced);
        }
    }

    /// Whether a new item will have to wait, and not only for its turn in the catching up after an outage.
    pub(super) fn is_kept_waiting(&self) -> bool {
        let now = self.timeline.now();
        !self.pacer.is_catching_up(now) && self.pacer.denied(now).is_some()
    }

    fn fate_of_new(&self, new: &NewItem<P>) -> Fate {
        let limit_bytes = self.config.max_item_bytes;
        let failed_parent = new
            .parent
            .filter(|parent| self.queue.fail_reason(*parent).is_some());
        if new.size_bytes > limit_bytes {
            let reason = FailReason::TooLarge { limit_bytes };
            Fate::Failed { reason }
        } else if failed_parent.is_some() {
            let reason = FailReason::Blocked { by: failed_parent };
            Fate::Failed { reason }
        } else {
            Fate::Pending
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
            Ok(()) => self.fail(id, FailReason::Withdrawn, Tell::WhenDurable),
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
            item.told = None;
        }
        self.note_step(id, HistoryStep::Edited);
        let limit_bytes = self.config.max_item_bytes;
        if size_bytes > limit_bytes {
            return self.fail(id, FailReason::TooLarge { limit_bytes }, Tell::Now);
        }
        self.write(id);
    }

    pub(super) fn release(&mut self, ids: &[ItemId]) {
        let mut released: HashMap<ItemId, LaneId> = HashMap::new();
        for id in ids {
            if !self.is_in_flight(*id)
                && let Some(item) = self.queue.remove(*id)
            {
                self.discards.retain(|(_, other)| other != id);
                released.insert(*id, item.stored.lane);
            }
        }
        // What was to be put right among them is for whoever looks after them: it may have changed them meanwhile.
        self.log.forget(|operation| match operation {
            StoreOperation::PutItem(item) => released.contains_key(&item.id),
            StoreOperation::PutLane(stored) => {
                released.values().any(|lane| *lane == stored.lane)
                    && self.queue.first_of(&stored.lane).is_none()
            }
            _ => false,
        });
    }

    pub(super) fn lead(&mut self, leads: bool) {
        self.is_leading = leads;
        if !leads {
            self.drop_request();
        }
    }

    /// Stops waiting for the request that is under way; its items stay queued.
    pub(super) fn drop_request(&mut self) {
        if let Some(sent) = self.in_flight.take() {
            self.outputs.push_back(Output::Cancel(sent.request));
            let now = self.timeline.now();
            self.pacer.on_abandoned(now, &mut self.rng);
            for item in &sent.items {
                self.note_detail(item.id, HistoryStep::Answered, "aborted".into());
            }
            self.after_request(&sent);
        }
    }

    pub(super) fn notify_metrics(&mut self) {
        let metrics = self.metrics();
        self.notify(Event::Metrics(metrics));
    }
}
