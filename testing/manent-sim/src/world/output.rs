//! Doing what an engine asks for, and checking every step of it.

use manent_engine::append_api::{MessagePayload, append_request};
use manent_engine::{Batch, Event, Fate, Input, ItemId, ItemState, Output, PersistId, RequestId};

use super::{Address, Happening, World};
use crate::pace::Patience;
use crate::violation::Violation;

/// How long news takes from one tab to another.
const HAND_OVER_MS: u64 = 25;

impl World {
    /// Tells a tab, if it still lives, and does what comes out. It may die between any two outputs.
    pub(super) fn tell(
        &mut self,
        address: Address,
        input: Input<MessagePayload>,
    ) -> Result<(), Violation> {
        let device = &mut self.devices[address.device];
        let caller_now = self.now + device.clock_offset;
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        if matches!(input, Input::ProbeNow) {
            tab.pace.on_probe_asked();
        }
        tab.engine.handle(caller_now, input);
        loop {
            let tab = self.devices[address.device].tab(address.tab, address.life);
            let Some(output) = tab.and_then(|tab| tab.engine.poll_output()) else {
                return Ok(());
            };
            if self.has_faults && self.chance.per_mille(1) {
                return self.crash(address.device, address.tab);
            }
            self.perform(address, output)?;
        }
    }

    fn perform(
        &mut self,
        address: Address,
        output: Output<MessagePayload>,
    ) -> Result<(), Violation> {
        let takes = self.chance.between(0, 20);
        let device = &mut self.devices[address.device];
        let caller_now = self.now + device.clock_offset;
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        match output {
            Output::Persist(id, operations) => {
                if tab.persist.replace((id, operations)).is_some() {
                    return Err(Violation::TwoTransactions);
                }
                self.schedule(takes, Happening::PersistDone(address, id));
                Ok(())
            }
            Output::Send(request, batch) => self.send(address, request, &batch),
            Output::Cancel(request) => {
                if tab.request == Some(request) {
                    tab.request = None;
                    tab.pace.on_failure(self.now);
                }
                Ok(())
            }
            Output::WakeAt(at) => {
                let after = at.saturating_sub(caller_now);
                self.schedule(after, Happening::Wake(address));
                Ok(())
            }
            Output::Notify(event) => self.notify(address, event),
        }
    }

    fn send(
        &mut self,
        address: Address,
        request: RequestId,
        batch: &Batch<MessagePayload>,
    ) -> Result<(), Violation> {
        let patience = Patience {
            max_retries: self.config.max_retries,
            open_ms: self.config.open_ms,
        };
        let device = &mut self.devices[address.device];
        for item in &batch.items {
            let is_safe = device.disk.get(item.id).is_some_and(|stored| {
                stored.payload == item.payload && stored.fate == Fate::Pending
            });
            if !is_safe {
                return Err(Violation::SentBeforePersisted(item.id));
            }
        }
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        if tab.request.replace(request).is_some() {
            return Err(Violation::TwoRequests);
        }
        tab.pace.check(self.now, batch.items.len(), patience)?;
        tab.pace.on_sent();
        self.report.requests += 1;
        self.report.probes += usize::from(batch.is_probe);
        self.carry(address, request, append_request(batch));
        Ok(())
    }

    fn notify(&mut self, address: Address, event: Event) -> Result<(), Violation> {
        match event {
            Event::Item { id, state } => self.notify_item(address, id, &state),
            Event::LaneMoved { .. } => {
                self.report.lane_moves += 1;
                Ok(())
            }
            Event::InvariantHeld(what) => Err(Violation::Caught(what)),
            Event::Refused { .. }
            | Event::Metrics(_)
            | Event::StorageRefused { .. }
            | Event::StorageRecovered
            | Event::SignOutNeedsConfirmation { .. }
            | Event::SignedOut => Ok(()),
        }
    }

    fn notify_item(
        &mut self,
        address: Address,
        id: ItemId,
        state: &ItemState,
    ) -> Result<(), Violation> {
        let device = &self.devices[address.device];
        self.ledger
            .on_state(id, state, device.disk.get(id).is_some())?;
        if *state == ItemState::Queued && self.devices[address.device].leader != address.tab {
            // Always as late as the one before: news between tabs keeps its order.
            self.schedule(HAND_OVER_MS, Happening::HandOver(address, id));
        }
        Ok(())
    }

    pub(super) fn persist_done(
        &mut self,
        address: Address,
        id: PersistId,
    ) -> Result<(), Violation> {
        let is_refused = self.has_faults && self.chance.per_mille(10);
        let device = &mut self.devices[address.device];
        let is_refused = is_refused || self.now < device.store_refuses_until;
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        let Some((_, operations)) = tab.persist.take_if(|(current, _)| *current == id) else {
            return Ok(());
        };
        if is_refused {
            return self.tell(address, Input::PersistFailed(id));
        }
        device.disk.apply(operations, &mut self.ledger)?;
        self.tell(address, Input::Persisted(id))
    }
}
