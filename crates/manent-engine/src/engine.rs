//! The state machine.

mod command;
mod decide;
mod send;
mod settle;
mod sign_out;
mod store;
mod take_in;
mod tell;
mod view;

use std::collections::{BTreeSet, HashSet, VecDeque};

use manent_types::DeviceId;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;

use crate::config::EngineConfig;
use crate::history::{HistoryEntry, HistoryStep, SavedItems, note, words_for_reason};
use crate::id::{ItemId, LaneId, RequestId};
use crate::item::{FailReason, Fate, WaitReason};
use crate::metrics::Counters;
use crate::pacer::{PaceMark, Pacer};
use crate::port::{Input, Output};
use crate::queue::{Queue, Shown};
use crate::stored::{Snapshot, StoreOperation, StoredPace};
use crate::time::{Millis, Timeline};
use crate::write_log::{WriteLog, WritePosition};

/// The one request that is under way.
#[derive(Debug)]
struct InFlight {
    request: RequestId,
    items: Vec<SentItem>,
    ids: HashSet<ItemId>,
    /// Those that go to the end of the queue when the request ended without settling them.
    moving: Vec<ItemId>,
    /// Those that the server has, as was heard from elsewhere, and their places there.
    seen: Vec<(ItemId, Option<u64>)>,
    /// The engine's own time.
    began: Millis,
    deadline: Millis,
}

#[derive(Debug, Clone)]
struct SentItem {
    id: ItemId,
    lane: LaneId,
    number: u64,
    /// Whether a request with it may have left before.
    was_maybe_sent: bool,
}

/// Finding the item that is to blame for a refused request.
#[derive(Debug)]
struct Isolation {
    device: DeviceId,
    /// So many requests more with one item each.
    requests: usize,
}

/// When whoever watches is told what became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    /// At once: the server said so.
    Now,
    /// When the store confirmed it: the user said so, and a crash before would bring the earlier state back.
    WhenDurable,
}

/// Whether the store is to be emptied still, because the user signed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Emptying {
    Done,
    UnderWay,
    /// Somebody signed in meanwhile.
    ThenSignedIn,
}

/// What holds up the queue, as whoever shows it was told.
#[derive(Debug, Default)]
struct Told {
    /// What [`Event::Pace`] last told, by the engine's own time.
    wait: Option<WaitReason>,
    /// Since then an item was told something else.
    is_otherwise: bool,
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
    /// The device whose lanes were sent last.
    last_device: Option<DeviceId>,
    isolation: Option<Isolation>,
    /// Whether items that were kept back may be let go before the next request, because it is known to be one like any other.
    lets_go: bool,
    is_leading: bool,
    is_signed_out: bool,
    emptying: Emptying,
    /// When to ask the store again, by the engine's own time.
    write_again_at: Option<Millis>,
    /// When discarded items go for good, by the engine's own time.
    discards: BTreeSet<(Millis, ItemId)>,
    /// Removals that are told when they are durable.
    removals: HashSet<ItemId>,
    saved: SavedItems,
    /// A pace that the store held, until the time is known.
    restored_pace: Option<StoredPace>,
    /// The pace that the store was last asked to hold.
    noted_pace: PaceMark,
    told: Told,
    /// Everything that a lost store had is durable again when this is.
    rewriting_until: Option<WritePosition>,
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
            last_device: None,
            isolation: None,
            lets_go: false,
            is_leading: config.leads,
            is_signed_out: false,
            emptying: Emptying::Done,
            write_again_at: None,
            discards: BTreeSet::new(),
            removals: HashSet::new(),
            saved: SavedItems::default(),
            restored_pace: None,
            noted_pace: PaceMark::default(),
            told: Told::default(),
            rewriting_until: None,
            counters: Counters::default(),
            outputs: VecDeque::new(),
            wake_at: None,
            announced_wake: None,
            config,
        };
        engine.restore(restored);
        engine
    }

    /// Tells what happened outside. Afterwards call [`Self::poll_output`] until it has nothing more.
    pub fn handle(&mut self, now: Millis, input: Input<P>) {
        self.timeline.observe(now);
        self.log.begin_step();
        self.resume_pace();
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
            Input::Retry { id, change } => self.retry(id, change),
            Input::SeenSaved { id, position } => self.seen_saved(id, position),
            Input::Discard(id) => self.discard(id),
            Input::Undo(id) => self.undo(id),
            Input::Adopt(snapshot) => self.adopt(snapshot),
            Input::Release(ids) => self.release(&ids),
            Input::Lead(leads) => self.lead(leads),
            Input::StorageLost => self.on_storage_lost(),
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

    fn is_in_flight(&self, id: ItemId) -> bool {
        self.in_flight
            .as_ref()
            .is_some_and(|sent| sent.ids.contains(&id))
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
            self.remove_for_good(id);
        }
        if self.queue.pending_count() == 0 {
            self.pacer.on_drained();
        }
        self.tell_changes();
        self.note_pace();
        self.ask_store();
        let send_at = self.try_send();
        self.tell_changes();
        self.tell_pace();
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

    /// Takes an item out of the outbox, without the server having it. Told when it is durable.
    fn remove_for_good(&mut self, id: ItemId) {
        if self.queue.remove(id).is_some() {
            self.removals.insert(id);
            self.log.push(StoreOperation::DeleteItem(id));
        }
    }

    /// Moves an item and the pending ones that build on it into the tray. One that may have been sent stays: the server may have used up its
    /// number, and will say that it is blocked.
    fn fail(&mut self, id: ItemId, reason: FailReason, tell: Tell) {
        let descendants = self
            .queue
            .descendants(id, |item| item.stored.fate == Fate::Pending);
        self.put_into_tray(id, reason, tell);
        for descendant in descendants {
            let is_unsent = self
                .queue
                .get(descendant)
                .is_some_and(|item| !item.maybe_sent);
            if is_unsent {
                let reason = FailReason::Blocked { by: Some(id) };
                self.put_into_tray(descendant, reason, tell);
            }
        }
    }

    fn put_into_tray(&mut self, id: ItemId, reason: FailReason, tell: Tell) {
        let step = match reason {
            FailReason::Withdrawn => HistoryStep::Withdrawn,
            _ => HistoryStep::Failed,
        };
        self.note_detail(id, step, words_for_reason(&reason));
        self.change_fate(id, Fate::Failed { reason }, tell);
    }

    /// Gives an item another fate and has it written.
    fn change_fate(&mut self, id: ItemId, fate: Fate, tell: Tell) {
        self.keep_shown(id, tell);
        self.queue.set_fate(id, fate);
        self.write(id);
        self.gate_lane_of(id);
    }

    /// Until the store confirmed what is about to change, the item is shown as it is now.
    fn keep_shown(&mut self, id: ItemId, tell: Tell) {
        let Some(item) = self.queue.get_mut(id) else {
            return;
        };
        match tell {
            Tell::Now => item.shown = None,
            Tell::WhenDurable => {
                let is_safe =
                    item.stored.fate != Fate::Pending || self.log.is_durable(item.written_at);
                item.shown.get_or_insert_with(|| {
                    if is_safe {
                        Shown::As(item.stored.fate.clone())
                    } else {
                        Shown::Storing
                    }
                });
            }
        }
    }

    /// Nothing more of the item's lane is sent before the item's present form is durable.
    fn gate_lane_of(&mut self, id: ItemId) {
        if let Some(item) = self.queue.get(id) {
            let (gate, lane) = (item.written_at, item.stored.lane.clone());
            self.queue.lane_mut(&lane).gate = gate;
        }
    }

    /// Requests in which the lane's items have other numbers may be on the way.
    fn be_careful_with(&mut self, lane: &LaneId) {
        let now = self.timeline.now();
        let until = now.saturating_add(self.config.caution_ms);
        let known = self.queue.lane_mut(lane);
        known.is_confirmed = false;
        let was_careful = now < known.careful_until;
        known.careful_until = known.careful_until.max(until);
        if !was_careful {
            let stored = self.queue.stored_lane(lane, now);
            self.log.push(StoreOperation::PutLane(stored));
        }
    }

    fn note_step(&mut self, id: ItemId, step: HistoryStep) {
        let at = self.timeline.caller();
        if let Some(item) = self.queue.get_mut(id) {
            note(&mut item.history, HistoryEntry::new(at, step));
        }
    }

    fn note_detail(
        &mut self,
        id: ItemId,
        step: HistoryStep,
        detail: std::borrow::Cow<'static, str>,
    ) {
        let at = self.timeline.caller();
        if let Some(item) = self.queue.get_mut(id) {
            let entry = HistoryEntry::new(at, step).with_detail(detail);
            note(&mut item.history, entry);
        }
    }
}
