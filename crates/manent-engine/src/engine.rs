//! The state machine.

mod command;
mod send;
mod settle;
mod sign_out;

use std::collections::{BTreeSet, VecDeque};

use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;

use crate::back_off::full_jitter;
use crate::config::EngineConfig;
use crate::id::{ItemId, LaneId, PersistId, RequestId};
use crate::item::{FailReason, Fate, ItemState, StoredItem, WaitReason};
use crate::metrics::{Counters, Metrics};
use crate::pacer::Pacer;
use crate::port::{CommandError, Event, Input, Output};
use crate::queue::{Item, Queue};
use crate::stored::{Snapshot, StoreOperation};
use crate::time::{Millis, Timeline};
use crate::write_log::WriteLog;

/// The one request that is under way.
#[derive(Debug)]
struct InFlight {
    request: RequestId,
    items: Vec<SentItem>,
    /// The engine's own time.
    deadline: Millis,
}

#[derive(Debug, Clone)]
struct SentItem {
    id: ItemId,
    lane: LaneId,
    number: u64,
}

/// The durable outbox. See the [crate] for its grammar and its promises.
#[derive(Debug)]
pub struct Engine<P> {
    config: EngineConfig,
    timeline: Timeline,
    rng: Pcg32,
    queue: Queue<P>,
    log: WriteLog<P>,
    pacer: Pacer,
    in_flight: Option<InFlight>,
    last_request: u64,
    /// So many requests more with one item each, to find the one that is to blame.
    isolate: usize,
    is_leading: bool,
    is_signed_out: bool,
    /// When to ask the store again, by the engine's own time.
    write_again_at: Option<Millis>,
    /// When discarded items go for good, by the engine's own time.
    discards: BTreeSet<(Millis, ItemId)>,
    counters: Counters,
    outputs: VecDeque<Output<P>>,
    /// When the engine must be called again as things stand, by its own time.
    wake_at: Option<Millis>,
    /// The last [`Output::WakeAt`].
    announced_wake: Option<Millis>,
}

impl<P: Clone> Engine<P> {
    /// An engine over what the device's store held. Restored items count as possibly sent. The seed decides every jitter: the same
    /// inputs give the same outputs.
    pub fn new(config: EngineConfig, restored: Snapshot<P>, seed: u64) -> Self {
        let config = config.sanitised();
        let mut engine = Self {
            timeline: Timeline::default(),
            rng: Pcg32::seed_from_u64(seed),
            queue: Queue::new(),
            log: WriteLog::new(),
            pacer: Pacer::new(&config),
            in_flight: None,
            last_request: 0,
            isolate: 0,
            is_leading: config.leads,
            is_signed_out: false,
            write_again_at: None,
            discards: BTreeSet::new(),
            counters: Counters::default(),
            outputs: VecDeque::new(),
            wake_at: None,
            announced_wake: None,
            config,
        };
        engine.take_in(restored);
        engine
    }

    /// Tells what happened outside. Afterwards call [`Self::poll_output`] until it has nothing more.
    pub fn handle(&mut self, now: Millis, input: Input<P>) {
        self.timeline.observe(now);
        match input {
            // The caller's timer is spent: tell it again when it came early.
            Input::Wake => self.announced_wake = None,
            Input::Enqueue(item) => self.enqueue(item, None),
            Input::Persisted(id) => self.on_persisted(id),
            Input::PersistFailed(id) => self.on_persist_failed(id),
            Input::Answered { request, answer } => self.on_answered(request, answer),
            Input::ProbeNow => self.pacer.probe_now(),
            Input::SignedIn => self.on_signed_in(),
            Input::SignOut { is_confirmed } => self.sign_out(is_confirmed),
            Input::Withdraw(id) => self.withdraw(id),
            Input::Replace {
                id,
                payload,
                size_bytes,
            } => self.replace(id, payload, size_bytes),
            Input::Resend {
                failed,
                replacement,
            } => self.resend(failed, replacement),
            Input::Discard(id) => self.discard(id),
            Input::Undo(id) => self.undo(id),
            Input::Adopt(snapshot) => self.take_in(snapshot),
            Input::Release(ids) => self.release(&ids),
            Input::Lead(leads) => self.lead(leads),
        }
        self.advance();
    }

    /// The next thing to do; absent when there is nothing until the next input. Outputs do not go stale: do all of them, in order.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let wake = self.wake_at.map(|own| self.timeline.to_caller(own));
        if wake.is_some() && wake != self.announced_wake {
            self.announced_wake = wake;
            return wake.map(Output::WakeAt);
        }
        None
    }

    /// Where an item stands; absent for one that the engine does not have (never had, or saved).
    pub fn state(&self, id: ItemId) -> Option<ItemState> {
        self.queue.get(id).map(|item| self.state_of(item))
    }

    /// Every item that the engine has, in the order in which they were enqueued.
    pub fn items(&self) -> Vec<(&StoredItem<P>, ItemState)> {
        let mut items: Vec<_> = self
            .queue
            .all()
            .map(|item| (&item.stored, self.state_of(item)))
            .collect();
        items.sort_by_key(|(stored, _)| (stored.order, stored.id));
        items
    }

    /// Whether nothing is left to be sent or written.
    pub fn is_idle(&self) -> bool {
        self.queue.pending_count() == 0 && !self.log.has_work()
    }

    /// The counts.
    pub fn metrics(&self) -> Metrics {
        let now = self.timeline.caller();
        let oldest = self.queue.pending().next();
        Metrics {
            queued_messages: self.queue.pending_count(),
            failed_messages: self.queue.tray_count(),
            sending_messages: self.in_flight.as_ref().map_or(0, |sent| sent.items.len()),
            successful_syncs: self.counters.successful_syncs,
            failed_syncs: self.counters.failed_syncs,
            retry_attempts: self.counters.retry_attempts,
            oldest_age_ms: oldest.map(|item| now.saturating_sub(item.stored.enqueued_at)),
            breaker: self.pacer.breaker(),
            is_paused_for_sign_in: self.pacer.is_paused(),
        }
    }

    fn state_of(&self, item: &Item<P>) -> ItemState {
        match &item.stored.fate {
            Fate::Failed { reason } => ItemState::Failed(reason.clone()),
            Fate::Discarded { .. } => ItemState::Discarded,
            Fate::Pending if !self.log.is_durable(item.written_at) => ItemState::Storing,
            Fate::Pending if self.is_in_flight(item.stored.id) => ItemState::Sending,
            Fate::Pending => match self.pacer.wait_reason(self.timeline.now()) {
                Some(reason) => ItemState::Waiting(self.by_callers_clock(reason)),
                None => ItemState::Queued,
            },
        }
    }

    fn by_callers_clock(&self, reason: WaitReason) -> WaitReason {
        let at = |own| self.timeline.to_caller(own);
        match reason {
            WaitReason::Retry { at: own } => WaitReason::Retry { at: at(own) },
            WaitReason::BackPressure { until } => WaitReason::BackPressure { until: at(until) },
            WaitReason::ServerAway { until } => WaitReason::ServerAway {
                until: until.map(at),
            },
            WaitReason::SignIn => WaitReason::SignIn,
        }
    }

    fn is_in_flight(&self, id: ItemId) -> bool {
        self.in_flight
            .as_ref()
            .is_some_and(|sent| sent.items.iter().any(|item| item.id == id))
    }

    /// What follows from an input or from the passing of time.
    fn advance(&mut self) {
        let now = self.timeline.now();
        if self
            .in_flight
            .as_ref()
            .is_some_and(|sent| sent.deadline <= now)
        {
            self.on_time_out();
        }
        while let Some((deadline, id)) = self.discards.first().copied()
            && deadline <= now
        {
            self.discards.pop_first();
            self.queue.remove(id);
            self.log.push(StoreOperation::DeleteItem(id));
        }
        if self.write_again_at.is_some_and(|at| at <= now) {
            self.write_again_at = None;
        }
        if self.write_again_at.is_none()
            && let Some((id, operations)) = self.log.next()
        {
            self.outputs.push_back(Output::Persist(id, operations));
        }
        let send_at = self.try_send();
        self.wake_at = [
            self.in_flight.as_ref().map(|sent| sent.deadline),
            self.discards.first().map(|(deadline, _)| *deadline),
            self.write_again_at,
            send_at,
        ]
        .into_iter()
        .flatten()
        .min();
    }

    fn on_persisted(&mut self, id: PersistId) {
        let had_refusals = self.log.refusals() > 0;
        let Some(written) = self.log.confirm(id) else {
            return;
        };
        if had_refusals {
            self.notify(Event::StorageRecovered);
        }
        for operation in written {
            match operation {
                StoreOperation::PutItem(stored) => self.on_item_durable(stored.id),
                StoreOperation::Clear => self.notify(Event::SignedOut),
                StoreOperation::DeleteItem(_) | StoreOperation::PutLane(_) => {}
            }
        }
    }

    fn on_item_durable(&mut self, id: ItemId) {
        let Some(item) = self.queue.get_mut(id) else {
            return;
        };
        if !self.log.is_durable(item.written_at) || item.is_accepted {
            return;
        }
        item.is_accepted = true;
        self.notify_state(id);
    }

    fn on_persist_failed(&mut self, id: PersistId) {
        if !self.log.refuse(id) {
            return;
        }
        let attempts = self.log.refusals();
        let (base, cap) = (self.config.backoff_ms, self.config.backoff_cap_ms);
        let wait = full_jitter(&mut self.rng, attempts, base, cap).max(1);
        self.write_again_at = Some(self.timeline.now().saturating_add(wait));
        self.notify(Event::StorageRefused { attempts });
    }

    /// Writes an item's present form.
    fn write(&mut self, id: ItemId) {
        if let Some(item) = self.queue.get_mut(id) {
            let stored = item.stored.clone();
            item.written_at = self.log.push(StoreOperation::PutItem(stored));
        }
    }

    /// Moves an item and the pending ones that build on it into the tray. One that may have been sent stays: the server may have used up its
    /// number, and will say that it is blocked.
    fn fail(&mut self, id: ItemId, reason: FailReason) {
        let descendants = self.queue.pending_descendants(id);
        self.put_into_tray(id, reason);
        for descendant in descendants {
            let is_unsent = self
                .queue
                .get(descendant)
                .is_some_and(|item| !item.maybe_sent);
            if is_unsent {
                self.put_into_tray(descendant, FailReason::Blocked { by: Some(id) });
            }
        }
    }

    fn put_into_tray(&mut self, id: ItemId, reason: FailReason) {
        self.queue.set_fate(id, Fate::Failed { reason });
        self.write(id);
        if let Some(item) = self.queue.get(id) {
            let (gate, lane) = (item.written_at, item.stored.lane.clone());
            self.queue.lane_mut(&lane).gate = gate;
        }
        self.notify_state(id);
    }

    fn notify(&mut self, event: Event) {
        self.outputs.push_back(Output::Notify(event));
    }

    fn notify_state(&mut self, id: ItemId) {
        if let Some(state) = self.state(id) {
            self.notify(Event::Item { id, state });
        }
    }

    fn refuse(&mut self, id: ItemId, error: CommandError) {
        self.notify(Event::Refused { id, error });
    }
}
