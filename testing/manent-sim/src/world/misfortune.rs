//! What goes wrong, and how it is put in order again.

use manent_engine::Input;

use super::{Happening, Mode, World};
use crate::violation::Violation;

impl World {
    /// Something goes wrong somewhere.
    pub(super) fn misfortune(&mut self) -> Result<(), Violation> {
        if !self.has_faults {
            return Ok(());
        }
        let again = self.chance.between(200, 4_000);
        self.schedule(again, Happening::Misfortune);
        let device = self.chance.index(self.devices.len());
        match self.chance.between(0, 25) {
            0 | 1 => self.crash_device(device),
            2..=5 => {
                let slot = self.chance.index(self.devices[device].tabs.len());
                self.crash(device, slot)
            }
            6 | 7 => {
                self.devices[device].is_signed_in = false;
                Ok(())
            }
            8 | 9 => {
                let until = self.now + self.chance.between(100, 8_000);
                self.devices[device].store_refuses_until = until;
                Ok(())
            }
            10 | 11 => self.jump(device),
            12 | 13 => self.probe_now(device),
            14 => {
                self.clear_storage(device);
                Ok(())
            }
            24 | 25 => self.step_down(device),
            15 | 16 => {
                self.devices[device].is_offline = true;
                let lasts = self.chance.between(100, 20_000);
                self.schedule(lasts, Happening::BackOnline(device));
                Ok(())
            }
            _ => {
                let modes = [Mode::Silent, Mode::Failing, Mode::Busy, Mode::Crashing];
                self.mode = modes[self.chance.index(modes.len())];
                let lasts = self.chance.between(100, 20_000);
                self.schedule(lasts, Happening::Mode(Mode::Up));
                Ok(())
            }
        }
    }

    fn probe_now(&mut self, device: usize) -> Result<(), Violation> {
        match self.leader(device) {
            Some(leader) => self.tell(leader, Input::ProbeNow),
            None => Ok(()),
        }
    }

    /// The device's own network is back, and its browser says so.
    pub(super) fn back_online(&mut self, device: usize) -> Result<(), Violation> {
        self.devices[device].is_offline = false;
        self.probe_now(device)
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
        jumping.pace = (0, 0);
        for tab in jumping.tabs.iter_mut().flatten() {
            tab.pace.on_clock_jump();
            tab.witness.on_clock_jump();
            // Nobody can say what was meant.
            tab.patience_asked = u64::MAX;
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
        for number in 0..self.devices.len() {
            let device = &mut self.devices[number];
            device.is_signed_in = true;
            device.is_offline = false;
            device.store_refuses_until = 0;
            for _ in 0..self.devices[number].tabs.len() {
                self.open_tab(number)?;
            }
        }
        Ok(())
    }
}
