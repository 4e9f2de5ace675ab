//! Life and death of tabs, as a careful shell handles them.
//!
//! A tab takes the lowest free slot and writes into lanes of that slot alone. The first one leads: it reads the store and sends for all.
//! Another one only writes: as soon as an item is durable it lets go of it and posts news, upon which the leader reads what is new. When
//! the leader dies, the next one reads everything.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Engine, EngineConfig, Input, ItemId, ItemState, LaneId, Snapshot};

use super::{Address, Happening, World};
use crate::device::Tab;
use crate::pace::Pace;
use crate::violation::Violation;
use crate::witness::Witness;

/// How long news takes from one tab to another: always the same, so that it keeps its order.
const NEWS_MS: u64 = 25;

impl World {
    /// Opens a tab in the lowest free slot.
    pub(super) fn open_tab(&mut self, number: usize) -> Result<(), Violation> {
        let device = &self.devices[number];
        let Some(slot) = device.tabs.iter().position(Option::is_none) else {
            return Ok(());
        };
        let is_first = device.living().next().is_none();
        let name = device.name(slot)?;
        let counts_from_below = self.ledger.float_unread(&name);
        let before = if is_first {
            device.disk.snapshot()?
        } else {
            device.disk.written_by(&name)
        };
        // What a dead tab of this slot wrote is the leader's; reading it puts what follows behind it, whatever the clock did.
        let not_its_own = if is_first {
            Vec::new()
        } else {
            before.items.iter().map(|item| item.id).collect()
        };
        self.last_life += 1;
        let life = self.last_life;
        let seed = self.chance.seed();
        let leads_later = self.chance.per_mille(300);
        let config = EngineConfig {
            leads: is_first && !leads_later,
            ..self.config.clone()
        };
        let device = &mut self.devices[number];
        if is_first {
            device.leader = Some(slot);
        }
        let has_pace = before.pace.is_some();
        let engine = Engine::new(config.clone(), before, seed);
        let mut witness = Witness::new(config, &engine);
        if has_pace {
            witness.on_clock_jump();
        }
        device.tabs[slot] = Some(Tab {
            engine,
            witness,
            life,
            name,
            persist: None,
            is_written_in_vain: false,
            request: None,
            pace: if is_first {
                Pace::restored(device.pace.0, device.pace.1)
            } else {
                Pace::default()
            },
            patience_asked: device.pace.0,
            is_store_refusing: false,
            is_signing_in: false,
            newest: vec![None; self.conversations.len()],
            counts_from_below,
            generation: device.disk.generation,
        });
        let address = Address {
            device: number,
            slot,
            life,
        };
        if !not_its_own.is_empty() {
            self.tell(address, Input::Release(not_its_own))?;
        }
        let input = if is_first && leads_later {
            Input::Lead(true)
        } else {
            Input::Wake
        };
        self.tell(address, input)
    }

    /// A tab dies. Of the transaction under way all or nothing is written.
    pub(super) fn crash(&mut self, number: usize, slot: usize) -> Result<(), Violation> {
        let Some(dead) = self.devices[number].tabs[slot].take() else {
            return Ok(());
        };
        self.report.crashes += 1;
        self.report.watch(&dead.witness);
        let device = &mut self.devices[number];
        let is_written = dead.generation == device.disk.generation && !dead.is_written_in_vain;
        if let Some((_, operations)) = dead.persist
            && is_written
            && self.chance.per_mille(500)
        {
            self.apply(number, operations)?;
        }
        for (item, _) in dead.engine.items() {
            // What was cleared away and not written again goes with its last copy.
            if let Some(written) = self.ledger.get_mut(item.id)
                && written.is_at_risk
                && !self.devices[number].is_in_memory(item.id)
            {
                written.is_cleared_away = true;
            }
        }
        let again = self.chance.between(100, 5_000);
        self.schedule(again, Happening::OpenTab(number));
        let device = &mut self.devices[number];
        if device.leader == Some(slot) {
            device.leader = None;
            if device.has_left {
                let departure = device.departures;
                self.schedule(again, Happening::ComeBack(number, departure));
            }
            let later = self.chance.between(0, 300);
            self.schedule(later, Happening::Succeed(number));
        } else {
            // The leader notices that the tab is gone, and reads what it may have left without a word.
            let later = self.chance.between(1, 500);
            let dead = Address {
                device: number,
                slot,
                life: dead.life,
            };
            self.schedule(later, Happening::News(dead));
        }
        Ok(())
    }

    /// Another tab gets the lock of the dead leader.
    pub(super) fn succeed(&mut self, number: usize) -> Result<(), Violation> {
        let living: Vec<usize> = self.devices[number]
            .living()
            .map(|(slot, _)| slot)
            .collect();
        if self.devices[number].leader.is_some() || living.is_empty() {
            return Ok(());
        }
        let slot = living[self.chance.index(living.len())];
        self.devices[number].leader = Some(slot);
        self.report.successions += 1;
        let Some(leader) = self.leader(number) else {
            return Ok(());
        };
        let (not_before, open_until) = self.devices[number].pace;
        if let Some(tab) = self.devices[number].tab(leader.slot, leader.life) {
            // One that ceased to lead a while ago may still owe an early try.
            let owes_a_try = tab.pace.is_probe_asked();
            tab.pace = Pace::restored(not_before, open_until);
            if owes_a_try {
                tab.pace.on_probe_asked();
            }
            tab.patience_asked = not_before;
        }
        let snapshot = self.devices[number].disk.snapshot()?;
        self.tell(leader, Input::Adopt(snapshot))?;
        self.tell(leader, Input::Lead(true))
    }

    /// The leader ceases to lead and lives on.
    pub(super) fn step_down(&mut self, number: usize) -> Result<(), Violation> {
        let Some(leader) = self
            .leader(number)
            .filter(|_| !self.devices[number].has_left)
        else {
            return Ok(());
        };
        self.devices[number].leader = None;
        self.report.resignations += 1;
        self.schedule(1, Happening::HandOver(leader));
        self.tell(leader, Input::Lead(false))
    }

    /// When its last transaction came to its end, it lets go of everything, and the next one may follow.
    pub(super) fn hand_over(&mut self, from: Address) -> Result<(), Violation> {
        let generation = self.devices[from.device].disk.generation;
        let Some(tab) = self.devices[from.device].tab(from.slot, from.life) else {
            self.schedule(1, Happening::Succeed(from.device));
            return Ok(());
        };
        let is_refusing = tab.engine.metrics().is_storage_refusing;
        if tab.persist.is_some() || is_refusing || tab.generation != generation {
            self.schedule(50, Happening::HandOver(from));
            return Ok(());
        }
        let held: Vec<ItemId> = tab.engine.items().iter().map(|(item, _)| item.id).collect();
        self.tell(from, Input::Release(held))?;
        let later = self.chance.between(0, 300);
        self.schedule(later, Happening::Succeed(from.device));
        Ok(())
    }

    /// The whole browser dies; now and then an older state of its lanes comes back, or its storage is gone.
    pub(super) fn crash_device(&mut self, number: usize) -> Result<(), Violation> {
        for slot in 0..self.devices[number].tabs.len() {
            self.crash(number, slot)?;
        }
        match self.chance.between(0, 9) {
            0 | 1 => {
                self.devices[number].disk.restore_lanes();
                self.devices[number].has_lost_lanes = true;
            }
            2 => {
                self.lose_storage(number);
                if self.chance.per_mille(500) {
                    self.devices[number].installation += 1;
                }
            }
            _ => self.devices[number].disk.copy_lanes(),
        }
        Ok(())
    }

    /// Storage is cleared under whatever is open; the tabs learn it a little later.
    pub(super) fn clear_storage(&mut self, number: usize) {
        self.lose_storage(number);
        let living: Vec<_> = self.devices[number]
            .living()
            .map(|(slot, tab)| (slot, tab.life))
            .collect();
        for (slot, life) in living {
            let is_late = self.chance.per_mille(300);
            if let Some(tab) = self.devices[number].tab(slot, life)
                && tab.persist.is_some()
            {
                tab.is_written_in_vain = is_late;
            }
            let address = Address {
                device: number,
                slot,
                life,
            };
            let later = self.chance.between(0, 2_000);
            self.schedule(later, Happening::LearnOfLoss(address));
        }
    }

    fn lose_storage(&mut self, number: usize) {
        self.report.storage_losses += 1;
        let device = &mut self.devices[number];
        device.disk.clear();
        device.pace = (0, 0);
        device.has_lost_lanes = true;
        for (id, written) in self.ledger.written_mut() {
            if written.device == number {
                written.is_at_risk = true;
                written.is_cleared_away |= !device.is_in_memory(id);
            }
        }
    }

    /// A tab notices that the store is another one now.
    pub(super) fn learn_of_loss(&mut self, address: Address) -> Result<(), Violation> {
        let device = &mut self.devices[address.device];
        let generation = device.disk.generation;
        let Some(tab) = device.tab(address.slot, address.life) else {
            return Ok(());
        };
        tab.generation = generation;
        // What was put behind everything else is written again in another order than it stands in.
        let held: Vec<ItemId> = tab.engine.items().iter().map(|(item, _)| item.id).collect();
        self.ledger.float_retried(&held);
        self.tell(address, Input::StorageLost)
    }

    pub(super) fn leader(&self, number: usize) -> Option<Address> {
        let slot = self.devices[number].leader?;
        let life = self.devices[number].tabs[slot].as_ref()?.life;
        Some(Address {
            device: number,
            slot,
            life,
        })
    }

    /// A tab that does not lead lets go of what is durable, and tells the leader.
    pub(super) fn let_go(&mut self, from: Address, written: Vec<ItemId>) -> Result<(), Violation> {
        let device = &mut self.devices[from.device];
        if device.leader == Some(from.slot) {
            return Ok(());
        }
        let Some(tab) = device.tab(from.slot, from.life) else {
            return Ok(());
        };
        // One that was changed again meanwhile is let go of when that is durable.
        let is_there = |id: &ItemId| {
            let state = tab.engine.item(*id).and(tab.engine.state(*id));
            state.is_some_and(|state| state != ItemState::Storing)
        };
        let durable: Vec<ItemId> = written.into_iter().filter(is_there).collect();
        if durable.is_empty() {
            return Ok(());
        }
        self.tell(from, Input::Release(durable))?;
        self.schedule(NEWS_MS, Happening::News(from));
        Ok(())
    }

    /// The leader hears that a tab wrote something.
    pub(super) fn news(&mut self, from: Address) -> Result<(), Violation> {
        let Some(leader) = self.leader(from.device) else {
            return Ok(());
        };
        let device = &self.devices[from.device];
        let Ok(name) = device.name(from.slot) else {
            return Ok(());
        };
        let written = device.disk.written_by(&name);
        let lane_of = |parent: ItemId| self.ledger.get(parent).map(|parent| &parent.lane);
        let is_foreign = |parent: ItemId, lane: &LaneId| {
            lane_of(parent).is_some_and(|other| other.device != lane.device)
        };
        // A parent in another tab's lane comes along, whatever its own news does.
        let needs_others = written.items.iter().any(|item| {
            item.parent
                .is_some_and(|parent| is_foreign(parent, &item.lane))
        });
        let snapshot: Snapshot<MessagePayload> = if needs_others || self.chance.per_mille(200) {
            self.devices[from.device].disk.snapshot()?
        } else {
            written
        };
        self.tell(leader, Input::Adopt(snapshot))
    }

    pub(super) fn sign_in(&mut self, tab: Address) -> Result<(), Violation> {
        let device = &mut self.devices[tab.device];
        device.is_signed_in = true;
        if let Some(tab) = device.tab(tab.slot, tab.life) {
            tab.is_signing_in = false;
        }
        self.tell(tab, Input::SignedIn)
    }
}
