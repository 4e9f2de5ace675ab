//! Life and death of tabs.

use manent_engine::{Engine, EngineConfig, Input, ItemId, Snapshot};

use super::{Address, Happening, Mode, World};
use crate::device::Tab;
use crate::pace::Pace;
use crate::violation::Violation;

impl World {
    /// Opens a tab. With no other one alive it leads and reads the store; else the other one looks after what is there.
    pub(super) fn start(&mut self, device: usize, tab: usize) -> Result<(), Violation> {
        if self.devices[device].tabs[tab].is_some() {
            return Ok(());
        }
        self.last_life += 1;
        let life = self.last_life;
        let seed = self.chance.seed();
        let other = &mut self.devices[device];
        let leads = other.tabs.iter().all(Option::is_none);
        let restored = if leads {
            other.leader = tab;
            other.disk.snapshot()?
        } else {
            Snapshot::default()
        };
        let config = EngineConfig {
            leads,
            ..self.config.clone()
        };
        other.tabs[tab] = Some(Tab {
            engine: Engine::new(config, restored, seed),
            life,
            persist: None,
            request: None,
            pace: Pace::default(),
            is_signing_in: false,
            newest: vec![None; self.conversations.len()],
        });
        self.tell(Address { device, tab, life }, Input::Wake)
    }

    /// A tab dies. Of the transaction under way all or nothing is written.
    pub(super) fn crash(&mut self, device: usize, tab: usize) -> Result<(), Violation> {
        let Some(dead) = self.devices[device].tabs[tab].take() else {
            return Ok(());
        };
        self.report.crashes += 1;
        if let Some((_, operations)) = dead.persist
            && self.chance.per_mille(500)
        {
            self.devices[device]
                .disk
                .apply(operations, &mut self.ledger)?;
        }
        let again = self.chance.between(100, 5_000);
        self.schedule(again, Happening::Start(device, tab));
        let survivor = 1 - tab;
        if let Some(Some(alive)) = self.devices[device].tabs.get(survivor) {
            let address = Address {
                device,
                tab: survivor,
                life: alive.life,
            };
            if self.devices[device].leader == tab {
                self.devices[device].leader = survivor;
                let snapshot = self.devices[device].disk.snapshot()?;
                self.tell(address, Input::Adopt(snapshot))?;
                self.tell(address, Input::Lead(true))?;
            } else {
                let later = self.chance.between(1, 500);
                self.schedule(later, Happening::AdoptAll(device));
            }
        }
        Ok(())
    }

    /// The whole browser dies; now and then an older state of its lanes comes back.
    fn crash_device(&mut self, device: usize) -> Result<(), Violation> {
        // The follower first, so that nobody takes over.
        let leader = self.devices[device].leader;
        if self.devices[device].tabs.len() > 1 {
            self.crash(device, 1 - leader)?;
        }
        self.crash(device, leader)?;
        if self.chance.per_mille(300) {
            self.devices[device].disk.forget_lanes();
        }
        Ok(())
    }

    pub(super) fn leader(&self, device: usize) -> Option<Address> {
        let tab = self.devices[device].leader;
        let life = self.devices[device].tabs[tab].as_ref()?.life;
        Some(Address { device, tab, life })
    }

    /// A follower's item is handed to the leader.
    pub(super) fn hand_over(&mut self, from: Address, id: ItemId) -> Result<(), Violation> {
        let Some(leader) = self.leader(from.device) else {
            return Ok(());
        };
        if leader.tab == from.tab {
            return Ok(());
        }
        if let Some(item) = self.devices[from.device].disk.get(id) {
            let snapshot = Snapshot {
                items: vec![item.clone()],
                lanes: Vec::new(),
            };
            self.tell(leader, Input::Adopt(snapshot))?;
        }
        self.tell(from, Input::Release(vec![id]))
    }

    pub(super) fn adopt_all(&mut self, device: usize) -> Result<(), Violation> {
        let Some(leader) = self.leader(device) else {
            return Ok(());
        };
        let snapshot = self.devices[device].disk.snapshot()?;
        self.tell(leader, Input::Adopt(snapshot))
    }

    pub(super) fn sign_in(&mut self, tab: Address) -> Result<(), Violation> {
        let device = &mut self.devices[tab.device];
        device.is_signed_in = true;
        if let Some(tab) = device.tab(tab.tab, tab.life) {
            tab.is_signing_in = false;
        }
        self.tell(tab, Input::SignedIn)
    }

    /// Something goes wrong somewhere.
    pub(super) fn misfortune(&mut self) -> Result<(), Violation> {
        if !self.has_faults {
            return Ok(());
        }
        let again = self.chance.between(200, 4_000);
        self.schedule(again, Happening::Misfortune);
        let device = self.chance.index(self.devices.len());
        match self.chance.between(0, 9) {
            0 => self.crash_device(device),
            1 | 2 => {
                let tab = self.chance.index(self.devices[device].tabs.len());
                self.crash(device, tab)
            }
            3 => {
                self.devices[device].is_signed_in = false;
                Ok(())
            }
            4 => {
                let until = self.now + self.chance.between(100, 8_000);
                self.devices[device].store_refuses_until = until;
                Ok(())
            }
            5 => self.jump(device),
            6 => match self.leader(device) {
                Some(leader) => self.tell(leader, Input::ProbeNow),
                None => Ok(()),
            },
            _ => {
                let modes = [Mode::Silent, Mode::Failing, Mode::Busy, Mode::Crashing];
                self.mode = modes[self.chance.index(modes.len())];
                let lasts = self.chance.between(100, 20_000);
                self.schedule(lasts, Happening::Mode(Mode::Up));
                Ok(())
            }
        }
    }

    /// The device's clock jumps by up to an hour, in either direction.
    fn jump(&mut self, device: usize) -> Result<(), Violation> {
        let by = self.chance.between(1, 3_600_000);
        let is_forward = self.chance.per_mille(500);
        let jumping = &mut self.devices[device];
        jumping.clock_offset = if is_forward {
            jumping.clock_offset + by
        } else {
            jumping.clock_offset - by
        };
        for tab in jumping.tabs.iter_mut().flatten() {
            tab.pace.on_clock_jump();
        }
        match self.leader(device) {
            Some(leader) => self.tell(leader, Input::Wake),
            None => Ok(()),
        }
    }

    /// Everything is in order again.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        self.has_faults = false;
        self.mode = Mode::Up;
        for device in 0..self.devices.len() {
            self.devices[device].is_signed_in = true;
            self.devices[device].store_refuses_until = 0;
            for tab in 0..self.devices[device].tabs.len() {
                self.start(device, tab)?;
            }
            self.adopt_all(device)?;
        }
        Ok(())
    }
}
