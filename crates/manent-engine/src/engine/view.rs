//! What whoever shows the outbox can ask for. Nothing here walks over all items, but for those that list them.

use super::Engine;
use crate::circuit_breaker::BreakerState;
use crate::history::HistoryEntry;
use crate::id::ItemId;
use crate::item::{Fate, ItemState, StoredItem, WaitReason};
use crate::metrics::Metrics;
use crate::queue::{Item, Shown};

impl<P: Clone> Engine<P> {
    /// Where an item stands; absent for one that the engine does not have: it never had it, or it was saved long ago (the last
    /// [`crate::SAVED_ITEMS_REMEMBERED`] saved ones are remembered).
    pub fn state(&self, id: ItemId) -> Option<ItemState> {
        match self.queue.get(id) {
            Some(item) => Some(self.state_of(item)),
            None => self.saved.get(id).map(|saved| ItemState::Saved {
                position: saved.position,
            }),
        }
    }

    /// An item that is not saved, with its content.
    pub fn item(&self, id: ItemId) -> Option<&StoredItem<P>> {
        self.queue.get(id).map(|item| &item.stored)
    }

    /// Whether a request with the item may have left: then it can no longer be changed or taken back.
    pub fn may_be_sent(&self, id: ItemId) -> bool {
        self.queue.get(id).is_none_or(|item| item.maybe_sent)
    }

    /// Every item that is not saved, in the order in which they were enqueued. Takes a time that grows with their number.
    pub fn items(&self) -> Vec<(&StoredItem<P>, ItemState)> {
        self.queue
            .all()
            .map(|item| (&item.stored, self.state_of(item)))
            .collect()
    }

    /// At most so many items, in the order in which they were enqueued, after one of them (or from the first), which must not be saved.
    pub fn items_after(
        &self,
        after: Option<ItemId>,
        limit: usize,
    ) -> Vec<(&StoredItem<P>, ItemState)> {
        let place = match after.map(|id| self.queue.get(id)) {
            None => (0, ItemId(uuid::Uuid::nil())),
            Some(Some(item)) => (item.stored.order, item.stored.id),
            Some(None) => return Vec::new(),
        };
        self.queue
            .all_after(place.0, place.1)
            .take(limit)
            .map(|item| (&item.stored, self.state_of(item)))
            .collect()
    }

    /// The items in the tray, in the order in which they were enqueued; not those that the user has sent again, durably or not yet.
    pub fn tray(&self) -> Vec<(&StoredItem<P>, ItemState)> {
        let mut items: Vec<_> = self
            .queue
            .tray()
            .map(|item| (&item.stored, self.state_of(item)))
            .collect();
        items.sort_unstable_by_key(|(stored, _)| (stored.order, stored.id));
        items
    }

    /// What happened to an item, oldest first: of each at most [`crate::HISTORY_ENTRIES`]; of those that are saved, the last
    /// [`crate::SAVED_ITEMS_REMEMBERED`]. Begins anew with each engine.
    pub fn history(&self, id: ItemId) -> &[HistoryEntry] {
        match self.queue.get(id) {
            Some(item) => &item.history,
            None => self
                .saved
                .get(id)
                .map_or(&[], |saved| saved.history.as_slice()),
        }
    }

    /// Whether nothing is left to be sent or written.
    pub fn is_idle(&self) -> bool {
        self.queue.pending_count() == 0 && !self.log.has_work()
    }

    /// What holds up the items that are safe on this device; absent: nothing.
    pub fn wait(&self) -> Option<WaitReason> {
        let reason = self.pacer.wait_reason(self.timeline.now());
        reason.map(|reason| self.by_callers_clock(reason))
    }

    /// The counts.
    pub fn metrics(&self) -> Metrics {
        let now = self.timeline.caller();
        let oldest = self.queue.oldest_pending();
        let oldest = oldest.map(|item| item.stored.enqueued_at);
        let queued = self.queue.pending_count();
        let storing = self.queue.storing_count().min(queued);
        let sending = self.in_flight.as_ref().map_or(0, |sent| sent.items.len());
        let wait = self.wait();
        let safe = queued.saturating_sub(storing).saturating_sub(sending);
        Metrics {
            queued_messages: queued,
            storing_messages: storing,
            sending_messages: sending,
            waiting_messages: wait.map_or(0, |_| safe),
            failed_messages: self.queue.tray_count(),
            successful_syncs: self.counters.successful_syncs,
            failed_syncs: self.counters.failed_syncs,
            retry_attempts: self.counters.retry_attempts,
            oldest_enqueued_at: oldest,
            oldest_age_ms: oldest.map(|at| now.saturating_sub(at)),
            breaker: match self.pacer.breaker() {
                BreakerState::Open { until } => BreakerState::Open {
                    until: self.timeline.to_caller(until),
                },
                state => state,
            },
            next_try_at: match wait {
                Some(WaitReason::Retry { at }) => Some(at),
                Some(WaitReason::BackPressure { until }) => Some(until),
                Some(WaitReason::ServerAway { until }) => until,
                Some(WaitReason::SignIn | WaitReason::Behind { .. }) | None => None,
            },
            is_paused_for_sign_in: self.pacer.is_paused(),
            is_storage_refusing: self.log.pauses() > 0,
            is_leading: self.is_leading,
        }
    }

    fn state_of(&self, item: &Item<P>) -> ItemState {
        self.with_pace(self.standing(item))
    }

    /// Where an item stands that stands here as things are now: what holds up the whole queue holds up what is safe and in no request.
    pub(super) fn with_pace(&self, standing: ItemState) -> ItemState {
        match (standing, self.wait()) {
            (ItemState::Queued | ItemState::Waiting(_), Some(reason)) => ItemState::Waiting(reason),
            (standing, _) => standing,
        }
    }

    /// Where an item stands, whatever holds up the whole queue. Follows from the item, from the one that it builds on and from the request
    /// that is under way, and from nothing else.
    pub(super) fn standing(&self, item: &Item<P>) -> ItemState {
        match self.shown_fate(item) {
            None => ItemState::Storing,
            Some(Fate::Failed { reason }) => ItemState::Failed(reason.clone()),
            Some(Fate::Discarded { .. }) => ItemState::Discarded,
            Some(Fate::Pending) if self.is_in_flight(item.stored.id) => ItemState::Sending,
            Some(Fate::Pending) => match self.held_up_by(item) {
                Some(item) => ItemState::Waiting(WaitReason::Behind { item }),
                None => ItemState::Queued,
            },
        }
    }

    /// What an item is shown to wait for; absent for one that is not safe.
    fn shown_fate<'item>(&self, item: &'item Item<P>) -> Option<&'item Fate> {
        let is_durable = self.log.is_durable(item.written_at);
        match &item.shown {
            // The user was not told yet that it is safe in its present form.
            _ if !item.is_accepted && !is_durable => None,
            Some(Shown::Storing) => None,
            Some(Shown::As(fate)) => Some(fate),
            None if item.stored.fate == Fate::Pending && !is_durable => None,
            None => Some(&item.stored.fate),
        }
    }

    /// The item in another lane that has to be settled first. As long as the store does not know what was decided about that one, it stands
    /// where it stood.
    fn held_up_by(&self, item: &Item<P>) -> Option<ItemId> {
        let parent = self.queue.get(item.stored.parent?)?;
        let is_to_be_sent = matches!(self.shown_fate(parent), None | Some(Fate::Pending));
        let is_elsewhere = parent.stored.lane != item.stored.lane;
        (is_to_be_sent && is_elsewhere).then_some(parent.stored.id)
    }

    pub(super) fn by_callers_clock(&self, reason: WaitReason) -> WaitReason {
        let at = |own| self.timeline.to_caller(own);
        match reason {
            WaitReason::Retry { at: own } => WaitReason::Retry { at: at(own) },
            WaitReason::BackPressure { until } => WaitReason::BackPressure { until: at(until) },
            WaitReason::ServerAway { until } => WaitReason::ServerAway {
                until: until.map(at),
            },
            WaitReason::SignIn => WaitReason::SignIn,
            WaitReason::Behind { item } => WaitReason::Behind { item },
        }
    }
}
