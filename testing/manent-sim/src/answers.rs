//! Answers that devices wait for: several devices with several tabs each, a server that generates, and everything going wrong.
//!
//! Each tab has a machine of its own over the store of its device; what a dead tab left behind is taken over by another, now and then by
//! two at once. The server begins a generation at its provider once for each run id, keeps it running whether somebody listens or not,
//! forgets in a crash what it had not written, and may then be asked anew.

mod device;
mod network;
mod provider;
mod witness;

use std::collections::BTreeMap;

use manent_engine::PersistId;
use manent_engine::answers::{
    AnswerEvent, AnswerInput, AnswerOutput, Answers, AnswersConfig, NewAnswer,
};
use manent_types::RunId;

use crate::chance::Chance;
use crate::{Failure, Scenario, Violation};
use device::{Device, Tab};
use provider::{Kind, Provider, Reply};
use witness::{Surroundings, Witness};

/// For so long things go wrong.
const SPAN_MS: u64 = 120_000;
/// After so long without a word a machine counts a start as failed.
const START_TIMEOUT_MS: u64 = 120_000;
/// For so long the server may say that something is not there yet.
const NOT_YET_MS: u64 = 40_000;
/// So long after the healing everything must be at rest.
const REST_MS: u64 = 3_600_000;

/// How much a simulation of answers did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswersReport {
    /// Answers that users wanted.
    pub wanted: usize,
    /// Those whose end a device saw.
    pub ended: usize,
    /// Those that the server refused for good.
    pub refused: usize,
    /// Those whose only record was in a storage that was cleared, or that died before it was safe.
    pub cleared_away: usize,
    /// Requests that the machines made.
    pub starts: usize,
    /// Those that were made while a breaker was half-open.
    pub probes: usize,
    /// Deaths of tabs.
    pub crashes: usize,
    /// Runs that a tab took over from a dead one.
    pub adoptions: usize,
}

/// One machine in one life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address {
    device: usize,
    tab: usize,
    life: u64,
}

#[derive(Debug)]
enum Happening {
    Want(usize),
    Wake(Address),
    PersistDone(Address, PersistId),
    Arrive(Address, u64, RunId),
    Hear(Address, u64, RunId, Reply),
    SignIn(Address),
    Open(usize),
    Adopt(usize),
    LearnOfLoss(Address),
    Server(Mode),
    Misfortune,
    Heal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Up,
    Silent,
    Failing,
    Busy,
}

/// What is known of an answer.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
struct Wanted {
    is_durable: bool,
    is_over: bool,
    is_refused: bool,
    is_cleared_away: bool,
    /// The user wants it no more.
    is_stopped: bool,
    /// The tab had no room for it.
    is_too_many: bool,
}

struct World {
    chance: Chance,
    now: u64,
    last: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
    devices: Vec<Device>,
    wanted: BTreeMap<RunId, Wanted>,
    provider: Provider,
    mode: Mode,
    has_faults: bool,
    last_life: u64,
    last_request: u64,
    report: AnswersReport,
}

/// Runs one world of answers to its end; the scenario's messages are the answers that are wanted.
///
/// # Errors
/// At the first promise that does not hold.
pub fn simulate_answers(scenario: Scenario) -> Result<AnswersReport, Failure> {
    let run = World::new(scenario).and_then(World::run);
    run.map_err(|violation| Failure {
        scenario,
        violation,
    })
}

impl World {
    fn new(scenario: Scenario) -> Result<Self, Violation> {
        let mut world = Self {
            chance: Chance::new(scenario.seed),
            now: 0,
            last: 0,
            happenings: BTreeMap::new(),
            devices: Vec::new(),
            wanted: BTreeMap::new(),
            provider: Provider::default(),
            mode: Mode::Up,
            has_faults: true,
            last_life: 0,
            last_request: 0,
            report: AnswersReport::default(),
        };
        for number in 0..scenario.devices.max(1) {
            let tabs = world.chance.between(1, scenario.tabs.max(1) as u64);
            let tabs = usize::try_from(tabs).unwrap_or(1);
            world.devices.push(Device::new(number, tabs)?);
            for _ in 0..tabs {
                let after = world.chance.between(0, 1_000);
                world.schedule(after, Happening::Open(number));
            }
        }
        for _ in 0..scenario.messages {
            let at = world.chance.between(10, SPAN_MS);
            let device = world.chance.index(world.devices.len());
            world.schedule(at, Happening::Want(device));
        }
        world.schedule(1_000, Happening::Misfortune);
        world.schedule(SPAN_MS, Happening::Heal);
        Ok(world)
    }

    fn schedule(&mut self, after: u64, happening: Happening) {
        self.last += 1;
        self.happenings
            .insert((self.now + after, self.last), happening);
    }

    fn run(mut self) -> Result<AnswersReport, Violation> {
        while let Some(((at, _), happening)) = self.happenings.pop_first() {
            self.now = at;
            if self.now > SPAN_MS + REST_MS {
                return Err(Violation::Restless);
            }
            self.happen(happening)?;
        }
        self.check_end()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Want(device) => self.want(device),
            Happening::Wake(tab) => self.tell(tab, AnswerInput::Wake),
            Happening::PersistDone(tab, id) => self.persist_done(tab, id),
            Happening::Arrive(tab, request, run) => {
                self.arrive(tab, request, run);
                Ok(())
            }
            Happening::Hear(tab, request, run, reply) => self.hear(tab, request, run, &reply),
            Happening::SignIn(tab) => {
                self.devices[tab.device].is_signed_in = true;
                self.tell(tab, AnswerInput::SignedIn)
            }
            Happening::Open(device) => self.open(device),
            Happening::Adopt(device) => self.adopt(device),
            Happening::LearnOfLoss(tab) => {
                let device = &mut self.devices[tab.device];
                let generation = device.generation;
                if let Some(tab) = device.tab(tab.tab, tab.life) {
                    tab.generation = generation;
                }
                self.tell(tab, AnswerInput::StorageLost)
            }
            Happening::Server(mode) => {
                if self.has_faults {
                    self.mode = mode;
                }
                Ok(())
            }
            Happening::Misfortune => self.misfortune(),
            Happening::Heal => self.heal(),
        }
    }

    fn want(&mut self, number: usize) -> Result<(), Violation> {
        let living = self.devices[number].living();
        if living.is_empty() {
            self.schedule(500, Happening::Want(number));
            return Ok(());
        }
        let (tab, life) = living[self.chance.index(living.len())];
        let run = RunId::new(self.chance.uuid());
        let kind = match self.chance.between(0, 99) {
            0..=2 => Kind::Impossible(self.chance.index(provider::ENDS.len())),
            3..=4 => Kind::NeverThere,
            _ => Kind::Possible,
        };
        self.provider
            .plan(run, self.chance.between(0, 20_000), kind);
        self.wanted.insert(run, Wanted::default());
        self.report.wanted += 1;
        let address = Address {
            device: number,
            tab,
            life,
        };
        let trace = format!("00-{}-{:016x}-01", self.chance.uuid().simple(), 7);
        let answer = NewAnswer {
            run,
            payload: u8::try_from(self.chance.between(0, 255)).unwrap_or(0),
            trace: trace.parse().ok().filter(|_| self.chance.per_mille(500)),
        };
        self.tell(address, AnswerInput::Want(answer))
    }

    /// Tells a machine, if it still lives, and does what comes out. Its tab may die between any two outputs.
    fn tell(&mut self, address: Address, input: AnswerInput<u8>) -> Result<(), Violation> {
        let now = self.now + self.devices[address.device].clock_offset;
        let Some(tab) = self.devices[address.device].tab(address.tab, address.life) else {
            return Ok(());
        };
        let true_now = self.now;
        tab.witness.before(&tab.answers, &input, true_now);
        tab.answers.handle(now, input);
        loop {
            let tab = self.devices[address.device].tab(address.tab, address.life);
            let Some(tab) = tab else {
                return Ok(());
            };
            let Some(output) = tab.answers.poll_output() else {
                return self.witness_step(address, now, true_now);
            };
            tab.witness.on_output(&tab.answers, &output, true_now)?;
            if self.has_faults && self.chance.per_mille(2) {
                self.crash(address.device, address.tab);
                return Ok(());
            }
            self.perform(address, output)?;
        }
    }

    fn witness_step(&mut self, at: Address, caller_now: u64, now: u64) -> Result<(), Violation> {
        let generation = self.devices[at.device].generation;
        let Some(tab) = self.devices[at.device].tab(at.tab, at.life) else {
            return Ok(());
        };
        let around = Surroundings {
            knows_its_store: tab.generation == generation,
            is_writing: tab.persist.is_some(),
            caller_now,
        };
        tab.witness.after(&tab.answers, around, now)
    }

    fn perform(&mut self, address: Address, output: AnswerOutput<u8>) -> Result<(), Violation> {
        let takes = self.chance.between(0, 20);
        let caller_now = self.now + self.devices[address.device].clock_offset;
        match output {
            AnswerOutput::Persist(id, operations) => {
                let Some(tab) = self.devices[address.device].tab(address.tab, address.life) else {
                    return Ok(());
                };
                if tab.persist.replace((id, operations)).is_some() {
                    return Err(Violation::TwoTransactions);
                }
                self.schedule(takes, Happening::PersistDone(address, id));
                Ok(())
            }
            AnswerOutput::Start { run, .. } => self.start(address, run),
            AnswerOutput::WakeAt(at) => {
                let after = at.saturating_sub(caller_now);
                self.schedule(after, Happening::Wake(address));
                Ok(())
            }
            AnswerOutput::Notify(event) => self.notify(&event),
        }
    }

    fn notify(&mut self, event: &AnswerEvent) -> Result<(), Violation> {
        match event {
            AnswerEvent::InvariantHeld(what) => Err(Violation::Caught(what)),
            AnswerEvent::Ended { run } => {
                let is_stopped = self.wanted.get(run).is_some_and(|it| it.is_stopped);
                if is_stopped || self.provider.is_over(*run, self.now) {
                    Ok(())
                } else {
                    Err(Violation::NotEnded(*run))
                }
            }
            AnswerEvent::Failed { run, .. } => {
                let Some(wanted) = self.wanted.get_mut(run) else {
                    return Ok(());
                };
                wanted.is_refused = true;
                if wanted.is_over
                    || self.provider.is_never_there(*run)
                    || self.provider.is_impossible(*run)
                {
                    Ok(())
                } else {
                    Err(Violation::NotRefused(*run))
                }
            }
            AnswerEvent::Refused { run, .. } => {
                if let Some(wanted) = self.wanted.get_mut(run) {
                    wanted.is_too_many = true;
                }
                Ok(())
            }
            AnswerEvent::State { .. }
            | AnswerEvent::StorageRefused { .. }
            | AnswerEvent::StorageRecovered => Ok(()),
        }
    }

    /// What was wanted and safe has ended, was refused for good, or went with its storage.
    fn check_end(mut self) -> Result<AnswersReport, Violation> {
        for device in &self.devices {
            if let Some(run) = device.disk.keys().next() {
                return Err(Violation::StillWaited(*run));
            }
        }
        for (run, wanted) in &self.wanted {
            if wanted.is_refused {
                self.report.refused += 1;
            } else if wanted.is_over {
                self.report.ended += 1;
            } else if wanted.is_too_many || wanted.is_cleared_away || !wanted.is_durable {
                self.report.cleared_away += 1;
            } else {
                return Err(Violation::Forgotten(*run));
            }
        }
        Ok(self.report)
    }

    fn machine(&mut self, number: usize, slot: usize) -> Result<Tab, Violation> {
        self.last_life += 1;
        let device = &self.devices[number];
        let config = AnswersConfig {
            start_timeout_ms: START_TIMEOUT_MS,
            max_starting: usize::try_from(self.chance.between(1, 4)).unwrap_or(1),
            max_answers: usize::try_from(self.chance.between(4, 30)).unwrap_or(4),
            not_yet_patience_ms: NOT_YET_MS,
            ..AnswersConfig::new(device.name(slot)?)
        };
        let restored = if device.living().is_empty() {
            device.stored()?
        } else {
            Vec::new()
        };
        self.report.adoptions += restored.len();
        let generation = device.generation;
        let answers = Answers::new(config.clone(), restored, self.chance.seed());
        let witness = Witness::new(config, &answers);
        Ok(Tab::new(answers, witness, self.last_life, generation))
    }

    fn open(&mut self, number: usize) -> Result<(), Violation> {
        let tabs = &self.devices[number].tabs;
        let Some(slot) = tabs.iter().position(Option::is_none) else {
            return Ok(());
        };
        let tab = self.machine(number, slot)?;
        let address = Address {
            device: number,
            tab: slot,
            life: tab.life,
        };
        self.devices[number].tabs[slot] = Some(tab);
        self.tell(address, AnswerInput::Wake)
    }
}
