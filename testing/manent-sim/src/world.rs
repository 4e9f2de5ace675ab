//! The world: devices, the way between, the server, and time.

mod network;
mod output;
mod tab;
mod user;

use std::collections::BTreeMap;

use manent_engine::{EngineConfig, Input, ItemId, PersistId, RequestId};
use serde_json::Value;
use uuid::Uuid;

use crate::chance::Chance;
use crate::device::Device;
use crate::ledger::{Author, Ledger};
use crate::server::{Reply, Server};
use crate::violation::Violation;

/// One engine in one life, from outside.
#[derive(Debug, Clone, Copy)]
struct Address {
    device: usize,
    tab: usize,
    life: Author,
}

/// What can happen at a point in time.
#[derive(Debug)]
enum Happening {
    Write(usize),
    Act(usize),
    Wake(Address),
    PersistDone(Address, PersistId),
    Arrive(Address, RequestId, Value),
    Answer(Address, RequestId, Option<Reply>),
    HandOver(Address, ItemId),
    AdoptAll(usize),
    SignIn(Address),
    Start(usize, usize),
    Mode(Mode),
    Misfortune,
    Heal,
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

/// How much a simulation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that users wrote, resent ones included.
    pub written: usize,
    /// Rows on the server at the end.
    pub stored: usize,
    /// Messages that waited for the user at the end, or that the user had ended.
    pub with_the_user: usize,
    /// Requests that engines sent.
    pub requests: usize,
    /// Crashes of tabs and browsers.
    pub crashes: usize,
    /// Requests that the server put off by renumbering a lane.
    pub lane_moves: usize,
    /// Times that a breaker let a probe through.
    pub probes: usize,
    /// Steps.
    pub steps: usize,
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
    last_life: Author,
    config: EngineConfig,
    report: Report,
}

/// For so long users write and things go wrong.
const SPAN_MS: u64 = 120_000;
/// So long after the healing everything must be at rest.
const REST_MS: u64 = 3_600_000;

impl World {
    pub(crate) fn new(
        seed: u64,
        messages: usize,
        devices: usize,
        tabs: usize,
    ) -> Result<Self, Violation> {
        let mut chance = Chance::new(seed);
        let conversations: Vec<Uuid> = (0..3).map(|_| chance.uuid()).collect();
        let config = EngineConfig {
            max_batch_items: usize::try_from(chance.between(1, 20)).unwrap_or(1),
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
        };
        for number in 0..devices {
            let id = format!("device-{number}");
            world.devices.push(Device {
                id: id.parse().map_err(|_| Violation::Simulator(id))?,
                disk: crate::device::Disk::default(),
                tabs: (0..tabs.clamp(1, 2)).map(|_| None).collect(),
                leader: 0,
                clock_offset: 1_000_000_000_000,
                is_signed_in: true,
                store_refuses_until: 0,
            });
            world.schedule(0, Happening::Start(number, 0));
            if tabs > 1 {
                world.schedule(1, Happening::Start(number, 1));
            }
            world.schedule(2_000, Happening::Act(number));
        }
        for _ in 0..messages {
            let at = world.chance.between(10, SPAN_MS);
            let device = world.chance.index(devices);
            world.schedule(at, Happening::Write(device));
        }
        world.schedule(1_000, Happening::Misfortune);
        world.schedule(SPAN_MS + 1_000, Happening::Heal);
        Ok(world)
    }

    pub(crate) fn run(mut self) -> Result<Report, Violation> {
        while let Some(((at, _), happening)) = self.happenings.pop_first() {
            self.now = self.now.max(at);
            if self.now > SPAN_MS + REST_MS {
                return Err(Violation::Restless);
            }
            self.report.steps += 1;
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
            Happening::Answer(tab, request, reply) => self.answer(tab, request, reply.as_ref()),
            Happening::HandOver(tab, id) => self.hand_over(tab, id),
            Happening::AdoptAll(device) => self.adopt_all(device),
            Happening::SignIn(tab) => self.sign_in(tab),
            Happening::Start(device, tab) => self.start(device, tab),
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

    /// With everything in order again: what was accepted is stored, or waits for the user, or was ended by the user.
    fn check_end(mut self) -> Result<Report, Violation> {
        let mut rows = 0;
        for conversation in &self.conversations {
            rows += self.server.rows(*conversation)?.len();
        }
        if rows != self.ledger.stored_count() {
            return Err(Violation::Simulator("rows and ledger differ".to_owned()));
        }
        for (id, written) in self.ledger.written() {
            let mut disks = self.devices.iter().map(|device| &device.disk);
            if disks.any(|disk| disk.has_pending(id)) {
                return Err(Violation::Stuck(id));
            }
            if self.ledger.is_on_server(id) || written.ended_by_user || !written.is_accepted {
                continue;
            }
            let mut disks = self.devices.iter().map(|device| &device.disk);
            let Some(item) = disks.find_map(|disk| disk.get(id)) else {
                return Err(Violation::Lost(id));
            };
            if let manent_engine::Fate::Failed { reason } = &item.fate {
                let text = item.payload["content"].as_str().unwrap_or_default();
                let is_to_blame = text.is_empty()
                    || text == crate::server::BOMB
                    || *reason == manent_engine::FailReason::Withdrawn;
                let is_blocked = item
                    .parent
                    .is_some_and(|parent| !self.ledger.is_on_server(parent));
                if !is_to_blame && !is_blocked {
                    return Err(Violation::NotFailed(id, reason.clone()));
                }
            }
        }
        self.report.written = self.ledger.written().count();
        self.report.stored = rows;
        let accepted = self
            .ledger
            .written()
            .filter(|(id, written)| written.is_accepted && !self.ledger.is_on_server(*id));
        self.report.with_the_user = accepted.count();
        Ok(self.report)
    }
}
