//! Somebody who watches one engine in one life: what goes in, what comes out, and what it shows.
//!
//! After every step what the engine shows is compared with what must be so, reckoned from the device's store, the request that is under way
//! and what was told before: naively, over all items, and without a look into the engine.

mod answer;
mod batch;
mod command;
mod form;
mod hearing;
mod history;
mod pace;
mod views;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    CommandError, Engine, EngineConfig, HistoryStep, Input, ItemId, ItemState, LaneId, RequestId,
    StoredPace, WaitReason,
};

use crate::disk::Disk;
use crate::violation::Violation;
use command::Expectation;
use pace::Waits;

type Watched = Engine<MessagePayload>;

/// What is known of an item from outside.
#[derive(Debug, Default)]
struct Seen {
    /// How long its history was when it was last looked at.
    entries: usize,
    /// What the page shows.
    told: Option<ItemState>,
    fate: Option<manent_engine::Fate>,
    /// Requests with it in this life.
    attempts: u32,
    /// Whether a request with it may have left, in this life or before.
    maybe_sent: bool,
    /// The same, before the request that is under way.
    maybe_sent_before: bool,
    /// The store confirmed its present content once.
    is_accepted: bool,
}

/// How things are outside when a step begins or ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'device> {
    pub(crate) disk: &'device Disk,
    /// The engine knows this very store.
    pub(crate) knows_its_store: bool,
    /// A transaction is under way.
    pub(crate) is_writing: bool,
    /// By true time.
    pub(crate) now: u64,
    /// By the device's clock.
    pub(crate) caller_now: u64,
}

#[derive(Debug)]
struct UnderWay {
    request: RequestId,
    items: Vec<(ItemId, LaneId)>,
    began: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Witness {
    config: EngineConfig,
    is_leading: bool,
    is_signed_out: bool,
    /// The store is being emptied; and somebody signed in meanwhile.
    emptying: Option<bool>,
    is_refusing: bool,
    seen: HashMap<ItemId, Seen>,
    under_way: Option<UnderWay>,
    saved: VecDeque<(ItemId, Option<u64>)>,
    /// Gone from the queue, and not told yet.
    leaving: HashSet<ItemId>,
    waits: Waits,
    /// What the store was last asked to hold of the pace.
    pace: Option<StoredPace>,
    last_wake: Option<u64>,
    successful_syncs: u64,
    failed_syncs: u64,
    retry_attempts: u64,
    step: Step,
}

/// What an event told of what holds up the queue.
#[derive(Debug, Clone, Copy)]
struct ToldPace(Option<WaitReason>);

/// What happened since the last input.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
struct Step {
    expectation: Expectation,
    refused: Option<(ItemId, CommandError)>,
    /// What the histories must show.
    entries: BTreeMap<ItemId, Vec<HistoryStep>>,
    saved: Vec<ItemId>,
    ended: Vec<ItemId>,
    released: Vec<ItemId>,
    replaced: Option<ItemId>,
    told_pace: Option<ToldPace>,
    has_sent: bool,
    is_adopting: bool,
    /// What a store brings that was kept back so far.
    held: HashSet<ItemId>,
    is_signing_out: bool,
    /// The request that is under way is broken off on purpose.
    breaks_off: bool,
    asked_confirmation: Option<(usize, usize)>,
}

impl Witness {
    pub(crate) fn new(config: EngineConfig, engine: &Watched) -> Self {
        let mut witness = Self {
            is_leading: config.leads,
            waits: Waits::new(&config),
            config,
            pace: None,
            is_signed_out: false,
            emptying: None,
            is_refusing: false,
            seen: HashMap::new(),
            under_way: None,
            saved: VecDeque::new(),
            leaving: HashSet::new(),
            last_wake: None,
            successful_syncs: 0,
            failed_syncs: 0,
            retry_attempts: 0,
            step: Step::default(),
        };
        witness.meet(engine);
        witness
    }

    /// The device's clock jumped: nobody knows how much time passed.
    pub(crate) fn on_clock_jump(&mut self) {
        self.waits.on_clock_jump();
        self.pace = None;
        for seen in self.seen.values_mut() {
            seen.told = None;
        }
    }

    /// Whether the engine has to refuse this.
    pub(crate) fn refuses(&self, engine: &Watched, input: &Input<MessagePayload>) -> bool {
        self.expected_of(engine, input).is_refusal()
    }

    /// An input is about to be told.
    pub(crate) fn before(
        &mut self,
        engine: &Watched,
        input: &Input<MessagePayload>,
        around: Surroundings<'_>,
    ) {
        self.step = Step {
            expectation: self.expected_of(engine, input),
            ..Step::default()
        };
        self.waits.before(engine.wait(), input);
        match input {
            Input::Wake => self.last_wake = None,
            Input::Answered { request, answer } => self.on_answered(*request, answer, around.now),
            Input::Lead(leads) => {
                self.is_leading = *leads;
                self.step.breaks_off = !leads;
            }
            Input::SignedIn => match &mut self.emptying {
                Some(signs_in) => *signs_in = true,
                None => self.is_signed_out = false,
            },
            Input::SignOut { .. } => {
                self.step.breaks_off = true;
                self.pace = None;
                if self.step.expectation.signs_out() {
                    self.step.is_signing_out = true;
                    self.is_signed_out = true;
                    self.emptying = Some(false);
                    self.saved.clear();
                    self.leaving.clear();
                }
            }
            Input::StorageLost if !self.is_signed_out => {
                self.pace = None;
            }
            Input::Adopt(snapshot) => {
                self.step.is_adopting = true;
                self.pace = None;
                let held = snapshot.items.iter().filter(|item| item.is_held);
                self.step.held = held.map(|item| item.id).collect();
            }
            Input::Release(ids) => self.step.released.clone_from(ids),
            Input::Resend { failed, .. } => self.step.replaced = Some(*failed),
            _ => {}
        }
    }

    fn expect_entry(&mut self, id: ItemId, step: HistoryStep) {
        self.step.entries.entry(id).or_default().push(step);
    }

    fn is_under_way(&self, id: ItemId) -> bool {
        let items = self.under_way.iter().flat_map(|sent| &sent.items);
        items.into_iter().any(|(other, _)| *other == id)
    }

    /// All that an input led to has been done.
    pub(crate) fn after(
        &mut self,
        engine: &Watched,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        if self.step.is_adopting {
            self.meet(engine);
        }
        self.check_expectation(engine, around)?;
        self.check_views(engine, around)?;
        self.check_liveness(engine, around)?;
        self.waits.after(engine.wait(), around)
    }

    /// How the waits after a failure were spread: so many, and the sum of their shares of the longest one, in thousandths.
    pub(crate) fn waits_drawn(&self) -> (usize, u64) {
        self.waits.drawn()
    }
}

fn untrue<T>(what: String) -> Result<T, Violation> {
    Err(Violation::Untrue(what))
}

fn disobeyed<T>(what: String) -> Result<T, Violation> {
    Err(Violation::Disobeyed(what))
}
