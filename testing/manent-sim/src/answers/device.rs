//! A device that waits for answers: its store, its tabs, and what becomes of them.

use std::collections::BTreeMap;

use manent_engine::PersistId;
use manent_engine::answers::{
    AnswerFailure, AnswerInput, AnswerOperation, AnswerState, Answers, StoredAnswer,
};
use manent_types::{DeviceId, RunId};

use super::witness::Witness;
use super::{Address, Happening, Mode, World};
use crate::violation::Violation;

/// One machine in one life.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) answers: Answers<u8>,
    pub(super) life: u64,
    pub(super) persist: Option<(PersistId, Vec<AnswerOperation<u8>>)>,
    /// The request that it listens to, for each run.
    pub(super) asked: BTreeMap<RunId, u64>,
    /// The last probe, and when it was made.
    pub(super) probe: Option<(RunId, u64)>,
    pub(super) not_before: u64,
    pub(super) witness: Witness,
    pub(super) generation: u64,
}

impl Tab {
    pub(super) fn new(answers: Answers<u8>, witness: Witness, life: u64, generation: u64) -> Self {
        Self {
            answers,
            life,
            persist: None,
            asked: BTreeMap::new(),
            probe: None,
            not_before: 0,
            witness,
            generation,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Device {
    number: usize,
    /// The records, as text.
    pub(super) disk: BTreeMap<RunId, String>,
    pub(super) generation: u64,
    pub(super) tabs: Vec<Option<Tab>>,
    pub(super) clock_offset: u64,
    pub(super) is_signed_in: bool,
    store_refuses_until: u64,
}

impl Device {
    pub(super) fn new(number: usize, tabs: usize) -> Result<Self, Violation> {
        let device = Self {
            number,
            disk: BTreeMap::new(),
            generation: 0,
            tabs: (0..tabs).map(|_| None).collect(),
            clock_offset: 1_000_000_000_000,
            is_signed_in: true,
            store_refuses_until: 0,
        };
        device.name(0)?;
        Ok(device)
    }

    pub(super) fn name(&self, slot: usize) -> Result<DeviceId, Violation> {
        let name = format!("device-{}-{slot}", self.number);
        name.parse().map_err(|_| Violation::Simulator(name))
    }

    pub(super) fn tab(&mut self, slot: usize, life: u64) -> Option<&mut Tab> {
        self.tabs[slot].as_mut().filter(|tab| tab.life == life)
    }

    /// Slots and lives of the tabs that are open.
    pub(super) fn living(&self) -> Vec<(usize, u64)> {
        let tabs = self.tabs.iter().enumerate();
        tabs.filter_map(|(slot, tab)| Some((slot, tab.as_ref()?.life)))
            .collect()
    }

    /// What a start reads.
    pub(super) fn stored(&self) -> Result<Vec<StoredAnswer<u8>>, Violation> {
        let records = self.disk.values().map(|text| StoredAnswer::decode(text));
        let answers: Result<Vec<_>, _> = records.collect();
        answers.map_err(|error| Violation::Simulator(error.to_string()))
    }
}

impl World {
    pub(super) fn persist_done(
        &mut self,
        address: Address,
        id: PersistId,
    ) -> Result<(), Violation> {
        let is_refused = self.has_faults && self.chance.per_mille(20);
        let now = self.now;
        let device = &mut self.devices[address.device];
        let is_refused = is_refused || now < device.store_refuses_until;
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        let Some((_, operations)) = tab.persist.take_if(|(current, _)| *current == id) else {
            return Ok(());
        };
        if is_refused {
            return self.tell(address, AnswerInput::PersistFailed(id));
        }
        self.apply(address.device, operations)?;
        self.tell(address, AnswerInput::Persisted(id))
    }

    fn apply(
        &mut self,
        number: usize,
        operations: Vec<AnswerOperation<u8>>,
    ) -> Result<(), Violation> {
        for operation in operations {
            match operation {
                AnswerOperation::Put(answer) => {
                    let text = answer.encode();
                    let text = text.map_err(|error| Violation::Simulator(error.to_string()))?;
                    self.devices[number].disk.insert(answer.run, text);
                    if let Some(wanted) = self.wanted.get_mut(&answer.run) {
                        wanted.is_durable = true;
                        wanted.is_cleared_away = false;
                    }
                }
                AnswerOperation::Delete(run) => {
                    self.devices[number].disk.remove(&run);
                    let is_free = self
                        .wanted
                        .get(&run)
                        .is_some_and(|wanted| wanted.is_over || wanted.is_refused);
                    if !is_free {
                        return Err(Violation::Forgotten(run));
                    }
                }
            }
        }
        Ok(())
    }

    /// A tab dies. Of the transaction under way all or nothing is written; another tab takes over what it looked after.
    pub(super) fn crash(&mut self, number: usize, slot: usize) {
        let Some(dead) = self.devices[number].tabs[slot].take() else {
            return;
        };
        self.report.crashes += 1;
        if let Some((_, operations)) = dead.persist
            && dead.generation == self.devices[number].generation
            && self.chance.per_mille(500)
        {
            // What can go wrong here is noticed by the one who reads the store.
            let _ = self.apply(number, operations);
        }
        for (stored, _) in dead.answers.pending() {
            let device = &self.devices[number];
            let is_elsewhere = device.disk.contains_key(&stored.run)
                || device
                    .tabs
                    .iter()
                    .flatten()
                    .any(|tab| tab.answers.state(stored.run).is_some());
            if let Some(wanted) = self.wanted.get_mut(&stored.run)
                && !is_elsewhere
            {
                wanted.is_cleared_away = true;
            }
        }
        let again = self.chance.between(100, 5_000);
        self.schedule(again, Happening::Open(number));
        let later = self.chance.between(1, 2_000);
        self.schedule(later, Happening::Adopt(number));
    }

    /// A tab takes over what nobody looks after; now and then everything, also what another one has.
    pub(super) fn adopt(&mut self, number: usize) -> Result<(), Violation> {
        let device = &self.devices[number];
        let living = device.living();
        if living.is_empty() {
            return Ok(());
        }
        let takes_all = self.has_faults && self.chance.per_mille(100);
        let device = &self.devices[number];
        let mut left = device.stored()?;
        left.retain(|stored| {
            let mut tabs = device.tabs.iter().flatten();
            takes_all || !tabs.any(|tab| tab.answers.state(stored.run).is_some())
        });
        let (tab, life) = living[self.chance.index(living.len())];
        self.report.adoptions += left.len();
        let address = Address {
            device: number,
            tab,
            life,
        };
        self.tell(address, AnswerInput::Adopt(left))
    }

    pub(super) fn misfortune(&mut self) -> Result<(), Violation> {
        if !self.has_faults {
            return Ok(());
        }
        let again = self.chance.between(200, 4_000);
        self.schedule(again, Happening::Misfortune);
        let number = self.chance.index(self.devices.len());
        let slots = self.devices[number].tabs.len();
        match self.chance.between(0, 14) {
            0 => (0..slots).for_each(|slot| self.crash(number, slot)),
            1 | 2 => {
                let slot = self.chance.index(slots);
                self.crash(number, slot);
            }
            3 => self.devices[number].is_signed_in = false,
            4 => {
                let until = self.now + self.chance.between(100, 8_000);
                self.devices[number].store_refuses_until = until;
            }
            12 => self.stop(number)?,
            13 => self.hand_over(number)?,
            5 => self.jump(number),
            6 => self.clear_storage(number),
            7 => {
                for (tab, life) in self.devices[number].living() {
                    let address = Address {
                        device: number,
                        tab,
                        life,
                    };
                    self.tell(address, AnswerInput::ProbeNow)?;
                }
            }
            _ => {
                let modes = [Mode::Silent, Mode::Failing, Mode::Busy];
                self.mode = modes[self.chance.index(modes.len())];
                let lasts = self.chance.between(100, 20_000);
                self.schedule(lasts, Happening::Server(Mode::Up));
            }
        }
        Ok(())
    }

    /// Somebody wants one of the answers no more.
    fn stop(&mut self, number: usize) -> Result<(), Violation> {
        let living = self.devices[number].living();
        if living.is_empty() {
            return Ok(());
        }
        let (slot, life) = living[self.chance.index(living.len())];
        let tabs = &self.devices[number].tabs;
        let run = tabs[slot]
            .as_ref()
            .and_then(|tab| Some(tab.answers.pending().next()?.0.run));
        let Some(run) = run else {
            return Ok(());
        };
        if let Some(wanted) = self.wanted.get_mut(&run) {
            wanted.is_over = true;
            wanted.is_stopped = true;
        }
        if let Some(tab) = self.devices[number].tab(slot, life) {
            tab.asked.remove(&run);
        }
        let address = Address {
            device: number,
            tab: slot,
            life,
        };
        let failure = AnswerFailure::UserAbort;
        let input = if self.chance.per_mille(500) {
            AnswerInput::Ended(run)
        } else {
            AnswerInput::Failed { run, failure }
        };
        self.tell(address, input)
    }

    /// A tab leaves what it looks after to another one, and lives on.
    fn hand_over(&mut self, number: usize) -> Result<(), Violation> {
        let living = self.devices[number].living();
        let generation = self.devices[number].generation;
        let Some((slot, life)) = living.first().copied() else {
            return Ok(());
        };
        let Some(tab) = self.devices[number].tab(slot, life) else {
            return Ok(());
        };
        if tab.persist.is_some() || tab.generation != generation || tab.answers.is_idle() {
            return Ok(());
        }
        let durable = tab
            .answers
            .pending()
            .filter(|(_, state)| !matches!(state, AnswerState::Storing));
        let runs: Vec<RunId> = durable.map(|(stored, _)| stored.run).collect();
        for run in &runs {
            tab.asked.remove(run);
        }
        let address = Address {
            device: number,
            tab: slot,
            life,
        };
        self.tell(address, AnswerInput::Release(runs))?;
        self.adopt(number)
    }

    fn jump(&mut self, number: usize) {
        let by = self.chance.between(1, 3_600_000);
        let is_forward = self.chance.per_mille(500);
        let device = &mut self.devices[number];
        device.clock_offset = if is_forward {
            device.clock_offset + by
        } else {
            device.clock_offset - by
        };
        // Nobody can know how much time passed.
        for tab in device.tabs.iter_mut().flatten() {
            tab.witness.on_clock_jump();
            tab.not_before = 0;
            tab.probe = None;
        }
    }

    fn clear_storage(&mut self, number: usize) {
        let device = &mut self.devices[number];
        device.generation += 1;
        let gone = std::mem::take(&mut device.disk);
        for run in gone.keys() {
            let mut tabs = device.tabs.iter().flatten();
            let is_in_memory = tabs.any(|tab| tab.answers.state(*run).is_some());
            if let Some(wanted) = self.wanted.get_mut(run) {
                wanted.is_cleared_away = !is_in_memory;
            }
        }
        for (tab, life) in self.devices[number].living() {
            let address = Address {
                device: number,
                tab,
                life,
            };
            let later = self.chance.between(0, 2_000);
            self.schedule(later, Happening::LearnOfLoss(address));
        }
    }

    /// Everything is in order again.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        self.has_faults = false;
        self.mode = Mode::Up;
        for number in 0..self.devices.len() {
            self.devices[number].is_signed_in = true;
            self.devices[number].store_refuses_until = 0;
            self.open(number)?;
            self.adopt(number)?;
            for (tab, life) in self.devices[number].living() {
                let address = Address {
                    device: number,
                    tab,
                    life,
                };
                self.tell(address, AnswerInput::SignedIn)?;
            }
        }
        Ok(())
    }
}
