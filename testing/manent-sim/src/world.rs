//! The world: devices, the way between, the server, and time.

mod end;
mod misfortune;
mod network;
mod output;
mod sabotage;
mod tab;
mod user;

use std::collections::{BTreeMap, BTreeSet};

use manent_engine::append_api::MessagePayload;
use manent_engine::{Batch, EngineConfig, Failure, Input, ItemId, PersistId, RequestId};
use serde_json::Value;
use uuid::Uuid;

use crate::chance::Chance;
use crate::device::Device;
use crate::ledger::{Ledger, Life};
use crate::report::Report;
use crate::sabotage::Sabotage;
use crate::scenario::Scenario;
use crate::server::{Reply, Server};
use crate::violation::Violation;

/// One engine in one life, from outside.
#[derive(Debug, Clone, Copy)]
struct Address {
    device: usize,
    slot: usize,
    life: Life,
}

/// What can happen at a point in time.
#[derive(Debug)]
enum Happening {
    Write(usize),
    Act(usize),
    Wake(Address),
    PersistDone(Address, PersistId),
    Arrive(Address, RequestId, Value),
    Answer(Address, RequestId, Heard),
    News(Address),
    Seen(usize, ItemId),
    OpenTab(usize),
    Succeed(usize),
    LearnOfLoss(Address),
    HandOver(Address),
    SignIn(Address),
    ComeBack(usize, u64),
    BackOnline(usize),
    Mode(Mode),
    Misfortune,
    Heal,
}

/// What a tab hears of its request.
#[derive(Debug, Clone)]
enum Heard {
    Reply(Reply),
    Failed(Failure),
}

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Up,
    Silent,
    Failing,
    Busy,
    Crashing,
}

pub(crate) struct World {
    chance: Chance,
    now: u64,
    last_happening: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
    devices: Vec<Device>,
    conversations: Vec<Uuid>,
    server: Server,
    mode: Mode,
    has_faults: bool,
    ledger: Ledger,
    last_life: Life,
    config: EngineConfig,
    report: Report,
    /// What happened, when somebody wants to read it.
    story: Option<Vec<String>>,
    sabotage: Option<Sabotage>,
    /// For sabotage: what was sent last, and what was sent often.
    last_batch: Option<Batch<MessagePayload>>,
    tired: BTreeSet<ItemId>,
}

/// For so long users write and things go wrong.
const SPAN_MS: u64 = 120_000;
/// So long after the healing everything must be at rest.
const REST_MS: u64 = 3_600_000;

impl World {
    pub(crate) fn new(scenario: Scenario) -> Result<Self, Violation> {
        let mut chance = Chance::new(scenario.seed);
        let conversations: Vec<Uuid> = (0..3).map(|_| chance.uuid()).collect();
        let max_batch_bytes = match chance.between(0, 2) {
            0 => chance.between(100, 2_000),
            _ => 1_000_000,
        };
        let max_items = chance.between(0, 60);
        let config = EngineConfig {
            max_batch_items: usize::try_from(chance.between(1, 20)).unwrap_or(1),
            max_batch_bytes,
            max_item_bytes: chance.between(200, 3_000),
            // In some worlds there is not room for everything.
            max_items: usize::try_from(max_items)
                .ok()
                .filter(|most| (4..20).contains(most)),
            // Longer than anything stays on the way.
            caution_ms: 100_000,
            ..EngineConfig::default()
        };
        let mut world = Self {
            server: Server::new(&conversations)?,
            chance,
            now: 0,
            last_happening: 0,
            happenings: BTreeMap::new(),
            devices: Vec::new(),
            conversations,
            mode: Mode::Up,
            has_faults: true,
            ledger: Ledger::default(),
            last_life: 0,
            config,
            report: Report::default(),
            story: None,
            sabotage: None,
            last_batch: None,
            tired: BTreeSet::new(),
        };
        let most_tabs = scenario.tabs.max(1) as u64;
        for number in 0..scenario.devices.max(1) {
            let tabs = usize::try_from(world.chance.between(1, most_tabs)).unwrap_or(1);
            world.devices.push(Device::new(number, tabs));
            for _ in 0..tabs {
                let after = world.chance.between(0, 1_000);
                world.schedule(after, Happening::OpenTab(number));
            }
            world.schedule(2_000, Happening::Act(number));
        }
        for _ in 0..scenario.messages {
            let at = world.chance.between(10, SPAN_MS);
            let device = world.chance.index(world.devices.len());
            world.schedule(at, Happening::Write(device));
        }
        world.schedule(1_000, Happening::Misfortune);
        world.schedule(SPAN_MS + 1_000, Happening::Heal);
        Ok(world)
    }

    /// The same world, with engines that break a promise.
    pub(crate) fn sabotaged_by(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }

    /// Runs to the end, and tells everything that happened.
    pub(crate) fn narrate(mut self) -> (Result<Report, Violation>, Vec<String>) {
        self.story = Some(Vec::new());
        let result = self.run_to_the_end();
        (result, self.story.unwrap_or_default())
    }

    pub(crate) fn run(mut self) -> Result<Report, Violation> {
        self.run_to_the_end()
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{:>7} {}", self.now, line()));
        }
    }

    fn run_to_the_end(&mut self) -> Result<Report, Violation> {
        while let Some(((at, _), happening)) = self.happenings.pop_first() {
            self.now = self.now.max(at);
            if self.now > SPAN_MS + REST_MS {
                return Err(Violation::Restless);
            }
            self.report.steps += 1;
            self.note(|| format!("{happening:?}"));
            self.happen(happening)?;
        }
        self.check_end()
    }

    fn schedule(&mut self, after: u64, happening: Happening) {
        self.last_happening += 1;
        self.happenings
            .insert((self.now + after, self.last_happening), happening);
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Write(device) => self.write(device),
            Happening::Act(device) => self.act(device),
            Happening::Wake(tab) => self.tell(tab, Input::Wake),
            Happening::PersistDone(tab, id) => self.persist_done(tab, id),
            Happening::Arrive(tab, request, body) => self.arrive(tab, request, &body),
            Happening::Answer(tab, request, heard) => self.answer(tab, request, &heard),
            Happening::News(from) => self.news(from),
            Happening::Seen(device, id) => self.seen(device, id),
            Happening::OpenTab(device) => self.open_tab(device),
            Happening::Succeed(device) => self.succeed(device),
            Happening::LearnOfLoss(tab) => self.learn_of_loss(tab),
            Happening::HandOver(tab) => self.hand_over(tab),
            Happening::SignIn(tab) => self.sign_in(tab),
            Happening::ComeBack(device, departure) => self.come_back(device, departure),
            Happening::BackOnline(device) => self.back_online(device),
            Happening::Mode(mode) => {
                if self.has_faults {
                    self.mode = mode;
                }
                Ok(())
            }
            Happening::Misfortune => self.misfortune(),
            Happening::Heal => self.heal(),
        }
    }
}
