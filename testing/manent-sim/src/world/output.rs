//! Doing what an engine asks for, and checking every step of it.

use manent_engine::append_api::{
    CREATE_FIELD, HttpAnswer, MessagePayload, append_request, create_requests, read_create_answer,
};
use manent_engine::{
    Batch, Event, Failure, Fate, Input, ItemId, ItemState, Output, PersistId, RequestId,
    StoreOperation,
};

use serde_json::{Value, json};

use super::{Address, Happening, World};
use crate::device::Tab;
use crate::pace::Patience;
use crate::violation::Violation;
use crate::witness::Surroundings;

impl World {
    /// Tells a tab, if it still lives, and does what comes out. It may die between any two outputs.
    pub(super) fn tell(
        &mut self,
        address: Address,
        input: Input<MessagePayload>,
    ) -> Result<(), Violation> {
        let device = &mut self.devices[address.device];
        let caller_now = self.now + device.clock_offset;
        let Some(tab) = device.tab(address.slot, address.life) else {
            return Ok(());
        };
        if matches!(input, Input::ProbeNow) {
            tab.pace.on_probe_asked();
        }
        let false_outputs = self.sabotaged_input(&input);
        if self.is_swallowed(&input) {
            return Ok(());
        }
        self.witness_input(address, &input);
        let Some(tab) = self.devices[address.device].tab(address.slot, address.life) else {
            return Ok(());
        };
        let told = self.story.is_some().then(|| format!("{input:?}"));
        tab.engine.handle(caller_now, input);
        if let Some(told) = told {
            self.note(|| format!("  {address:?} <- {told}"));
        }
        for output in false_outputs {
            self.perform(address, output)?;
        }
        loop {
            let tab = self.devices[address.device].tab(address.slot, address.life);
            let Some(output) = tab.and_then(|tab| tab.engine.poll_output()) else {
                return self.witness_step(address);
            };
            self.witness_output(address, &output)?;
            if self.has_faults && self.chance.per_mille(1) {
                return self.crash(address.device, address.slot);
            }
            self.note(|| format!("  {address:?} -> {output:?}"));
            for output in self.sabotaged(address, output) {
                self.perform(address, output)?;
            }
        }
    }

    /// A tab, its witness, and what is around them.
    fn witnessed(&mut self, address: Address) -> Option<(&mut Tab, Surroundings<'_>)> {
        let now = self.now;
        let device = &mut self.devices[address.device];
        let caller_now = now + device.clock_offset;
        let tab = device.tabs[address.slot]
            .as_mut()
            .filter(|tab| tab.life == address.life)?;
        let around = Surroundings {
            disk: &device.disk,
            knows_its_store: tab.generation == device.disk.generation,
            is_writing: tab.persist.is_some(),
            now,
            caller_now,
        };
        Some((tab, around))
    }

    fn witness_input(&mut self, address: Address, input: &Input<MessagePayload>) {
        if let Some((tab, around)) = self.witnessed(address) {
            tab.witness.before(&tab.engine, input, around);
        }
    }

    fn witness_output(
        &mut self,
        address: Address,
        output: &Output<MessagePayload>,
    ) -> Result<(), Violation> {
        match self.witnessed(address) {
            Some((tab, around)) => tab.witness.on_output(&tab.engine, output, around),
            None => Ok(()),
        }
    }

    fn witness_step(&mut self, address: Address) -> Result<(), Violation> {
        match self.witnessed(address) {
            Some((tab, around)) => tab.witness.after(&tab.engine, around),
            None => Ok(()),
        }
    }

    fn perform(
        &mut self,
        address: Address,
        output: Output<MessagePayload>,
    ) -> Result<(), Violation> {
        let takes = self.chance.between(0, 20);
        let device = &mut self.devices[address.device];
        let breaks_off = device.has_left || device.leader != Some(address.slot);
        let now = self.now;
        let caller_now = self.now + device.clock_offset;
        let Some(tab) = device.tab(address.slot, address.life) else {
            return Ok(());
        };
        match output {
            Output::Persist(id, operations) => {
                for operation in &operations {
                    if let StoreOperation::PutPace(pace) = operation {
                        let left = pace.patience_until.unwrap_or(0).saturating_sub(caller_now);
                        tab.patience_asked = now + left;
                    }
                }
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
                    // It waited too long, unless the user left, or it leads no more.
                    if breaks_off {
                        tab.pace.on_abandoned();
                    } else {
                        tab.pace.on_failure(self.now);
                    }
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
        let generation = device.disk.generation;
        let items = batch.items.len();
        if batch.is_probe && items != 1 {
            return Err(Violation::NotAProbe {
                items,
                after_ms: 0,
                failures: 0,
            });
        }
        let knows_its_store = device
            .tab(address.slot, address.life)
            .is_some_and(|tab| tab.generation == generation);
        for (place, item) in batch.items.iter().enumerate() {
            let is_safe = device.disk.get(item.id).is_some_and(|stored| {
                stored.payload == item.payload && stored.fate == Fate::Pending
            });
            if knows_its_store && !is_safe {
                return Err(Violation::SentBeforePersisted(item.id));
            }
            let may_overtake = self
                .ledger
                .get(item.id)
                .is_some_and(|written| written.may_overtake);
            let is_early = !may_overtake
                && item.parent.is_some_and(|parent| {
                    device.disk.has_pending(parent)
                        && !self.ledger.is_settled(parent)
                        && !batch.items[..place].iter().any(|item| item.id == parent)
                });
            if is_early {
                return Err(Violation::SentBeforeParent(item.id));
            }
        }
        let Some(tab) = device.tab(address.slot, address.life) else {
            return Ok(());
        };
        if tab.request.replace(request).is_some() {
            return Err(Violation::TwoRequests);
        }
        tab.pace.check(self.now, batch.items.len(), patience)?;
        tab.pace.on_sent();
        for item in &batch.items {
            self.ledger.on_sent(item.id);
        }
        self.report.requests += 1;
        self.report.probes += usize::from(batch.is_probe);
        self.report.batches += usize::from(batch.items.len() > 1);
        check_wishes(batch)?;
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
            Event::Removed { id } => {
                if self.devices[address.device].disk.get(id).is_some() {
                    return Err(Violation::NotRemoved(id));
                }
                Ok(())
            }
            Event::Refused { .. }
            | Event::Pace { .. }
            | Event::Metrics(_)
            | Event::StorageRefused { .. }
            | Event::StorageRecovered => Ok(()),
            Event::SignOutNeedsConfirmation { .. } | Event::SignedOut => {
                let later = self.chance.between(100, 4_000);
                let departure = self.devices[address.device].departures;
                self.schedule(later, Happening::ComeBack(address.device, departure));
                Ok(())
            }
        }
    }

    fn notify_item(
        &mut self,
        address: Address,
        id: ItemId,
        state: &ItemState,
    ) -> Result<(), Violation> {
        let device = &mut self.devices[address.device];
        let generation = device.disk.generation;
        let is_excused = device
            .tab(address.slot, address.life)
            .is_none_or(|tab| tab.generation != generation);
        self.ledger.on_state(
            id,
            state,
            device.disk.get(id),
            is_excused,
            device.has_lost_lanes,
        )
    }

    pub(super) fn persist_done(
        &mut self,
        address: Address,
        id: PersistId,
    ) -> Result<(), Violation> {
        let is_refused = self.has_faults && self.chance.per_mille(10);
        let device = &mut self.devices[address.device];
        let is_refused = is_refused || self.now < device.store_refuses_until;
        let generation = device.disk.generation;
        let Some(tab) = device.tab(address.slot, address.life) else {
            return Ok(());
        };
        let Some((_, operations)) = tab.persist.take_if(|(current, _)| *current == id) else {
            return Ok(());
        };
        let written: Vec<ItemId> = operations
            .iter()
            .filter_map(|operation| match operation {
                StoreOperation::PutItem(item) => Some(item.id),
                _ => None,
            })
            .collect();
        if std::mem::take(&mut tab.is_written_in_vain) {
            self.ledger.on_written_in_vain(&operations);
            return self.tell(address, Input::Persisted(id));
        }
        // The store was cleared under it: the connection is broken, or leads to the new, empty one.
        let is_broken = tab.generation != generation && self.chance.per_mille(500);
        tab.is_store_refusing = is_refused || is_broken;
        if is_refused || is_broken {
            self.report.refused_writes += 1;
            return self.tell(address, Input::PersistFailed(id));
        }
        self.apply(address.device, operations)?;
        self.tell(address, Input::Persisted(id))?;
        self.let_go(address, written)
    }

    /// A device's store writes a transaction.
    pub(super) fn apply(
        &mut self,
        number: usize,
        operations: Vec<StoreOperation<MessagePayload>>,
    ) -> Result<(), Violation> {
        let device = &mut self.devices[number];
        let caller_now = self.now + device.clock_offset;
        for operation in &operations {
            match operation {
                StoreOperation::PutPace(pace) => {
                    // Nobody can say what it means when the clock went back since.
                    let truly = |at: Option<u64>| {
                        at.filter(|_| pace.noted_at <= caller_now)
                            .map_or(0, |at| self.now + at.saturating_sub(caller_now))
                    };
                    device.pace = (truly(pace.patience_until), truly(pace.open_until));
                }
                StoreOperation::Clear => device.pace = (0, 0),
                StoreOperation::PutItem(_)
                | StoreOperation::DeleteItem(_)
                | StoreOperation::PutLane(_) => {}
            }
        }
        device.disk.apply(operations, &mut self.ledger)
    }
}

/// The conversations that a batch wants are asked for once each, by name, and the wish does not travel with the item.
fn check_wishes(batch: &Batch<MessagePayload>) -> Result<(), Violation> {
    let wishing = batch
        .items
        .iter()
        .filter(|item| item.payload.contains_key(CREATE_FIELD));
    let mut wanted: Vec<(uuid::Uuid, Value)> = Vec::new();
    for item in wishing {
        if wanted.iter().all(|(known, _)| *known != item.lane.stream) {
            let body = json!({
                "id": item.lane.stream.to_string(),
                "title": item.payload[CREATE_FIELD]["title"],
            });
            wanted.push((item.lane.stream, body));
        }
    }
    let asked = create_requests(batch);
    let asked: Vec<(uuid::Uuid, Value)> = asked
        .into_iter()
        .map(|request| (request.conversation, request.body))
        .collect();
    let request = append_request(batch);
    let messages = request["messages"].as_array();
    let is_told = messages
        .into_iter()
        .flatten()
        .zip(&batch.items)
        .all(|(message, item)| {
            let trace = item.trace.as_ref().map(ToString::to_string);
            message.get(CREATE_FIELD).is_none() && message["traceparent"] == json!(trace)
        });
    let read = |status, body: &[u8]| {
        read_create_answer(HttpAnswer {
            status,
            retry_after_ms: None,
            body,
        })
    };
    let is_read = wanted.is_empty()
        || (read(201, br#"{"id":"x"}"#).is_ok()
            && read(200, b"<html>welcome</html>") == Err(Failure::Infrastructure)
            && read(401, br#"{"id":"x"}"#) == Err(Failure::Auth));
    if asked != wanted || !is_told || !is_read {
        let what = format!("asked for {asked:?}, and wanted {wanted:?}");
        return Err(Violation::Disobeyed(what));
    }
    Ok(())
}
