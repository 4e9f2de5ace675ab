//! What users decide about what is in the outbox. All of it goes to the leader, who has the items.

use std::collections::BTreeSet;

use manent_engine::{Change, Fate, Input, ItemId, ItemState, LaneId, NewItem};
use serde_json::{Value, json};

use super::payload;
use crate::violation::Violation;
use crate::world::{Address, Happening, SPAN_MS, World};

impl World {
    /// Somebody looks at the outbox and does something about one of its items.
    pub(in crate::world) fn act(&mut self, number: usize) -> Result<(), Violation> {
        if self.now < SPAN_MS {
            let later = self.chance.between(200, 4_000);
            self.schedule(later, Happening::Act(number));
        }
        if !self.has_faults || self.devices[number].has_left {
            return Ok(());
        }
        if self.chance.per_mille(10) {
            return self.sign_out(number);
        }
        let Some(address) = self.leader(number) else {
            return Ok(());
        };
        let Some(tab) = &self.devices[number].tabs[address.slot] else {
            return Ok(());
        };
        let items = tab.engine.items();
        if items.is_empty() {
            return Ok(());
        }
        let is_tray_alone = items
            .iter()
            .all(|(_, state)| matches!(state, ItemState::Failed(_)));
        if is_tray_alone && self.chance.per_mille(30) {
            return self.sign_out(number);
        }
        let (stored, state) = &items[self.chance.index(items.len())];
        let (id, state) = (stored.id, state.clone());
        if self.chance.per_mille(100) {
            return self.ask_in_vain(address, id);
        }
        match state {
            ItemState::Failed(_) => self.decide_about_failed(address, id),
            ItemState::Discarded => self.tell(address, Input::Undo(id)),
            ItemState::Queued | ItemState::Waiting(_) | ItemState::Storing => {
                if self.chance.per_mille(200) {
                    self.report.withdrawals += 1;
                    return self.tell(address, Input::Withdraw(id));
                }
                self.edit(address, id)
            }
            ItemState::Sending | ItemState::Saved { .. } => Ok(()),
        }
    }

    /// Somebody asks for something that cannot be: another page is out of date, or the same button was pressed twice.
    fn ask_in_vain(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        let Some(tab) = &self.devices[address.device].tabs[address.slot] else {
            return Ok(());
        };
        let Some(item) = tab.engine.item(id) else {
            return Ok(());
        };
        let new = NewItem {
            id,
            lane: item.lane.clone(),
            parent: None,
            payload: payload("in vain", None),
            size_bytes: 100,
            trace: None,
        };
        let others: Vec<ItemId> = tab.engine.items().iter().map(|(item, _)| item.id).collect();
        let parent = Some(others[self.chance.index(others.len())]);
        let limit = self.config.max_item_bytes;
        let size_bytes = limit + self.chance.between(0, 1);
        let change = Change {
            payload: new.payload.clone(),
            size_bytes,
            parent,
        };
        let input = match self.chance.between(0, 7) {
            0 => Input::Withdraw(id),
            1 => Input::Replace {
                id,
                payload: new.payload,
                size_bytes: 100,
            },
            2 => Input::Retry { id, change: None },
            3 => Input::Discard(id),
            4 => Input::Undo(id),
            5 => Input::Enqueue(new),
            6 => Input::Resend {
                failed: ItemId(self.chance.uuid()),
                replacement: new,
            },
            _ => Input::Retry {
                id,
                change: Some(change),
            },
        };
        if !self.refuses(address.device, address.slot, &input) {
            return Ok(());
        }
        self.report.refused_commands += 1;
        self.tell(address, input)
    }

    fn decide_about_failed(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        if self.chance.per_mille(300) {
            if let Some(written) = self.ledger.get_mut(id) {
                written.ended_by_user = true;
                written.resent_as = None;
            }
            self.report.discards += 1;
            return self.tell(address, Input::Discard(id));
        }
        if self.chance.per_mille(200) {
            return self.resend(address, id);
        }
        self.retry(address, id)
    }

    /// The item once more, under its own id: as it is, or in a form that the server takes.
    fn retry(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        let device = &self.devices[address.device];
        let Some(tab) = &device.tabs[address.slot] else {
            return Ok(());
        };
        let Some(item) = tab.engine.item(id) else {
            return Ok(());
        };
        let (name, mut parent, mut payload) = (tab.name.clone(), item.parent, item.payload.clone());
        let mut size_bytes = item.size_bytes;
        let is_mended = self.chance.per_mille(800);
        let moves = is_mended && self.chance.per_mille(150);
        if moves {
            // Under anything that is in the outbox, also in another lane, also a later one.
            let others: Vec<ItemId> = tab
                .engine
                .items()
                .iter()
                .filter(|(other, _)| other.id != id && other.lane.stream == item.lane.stream)
                .map(|(other, _)| other.id)
                .collect();
            if !others.is_empty() {
                parent = Some(others[self.chance.index(others.len())]);
                payload.insert("parentId".to_owned(), json!(parent));
                self.report.moved += 1;
            }
        }
        if is_mended {
            let text = format!("mended at {}: {id}", self.now);
            payload.insert("content".to_owned(), json!(text));
            size_bytes = 120.min(self.config.max_item_bytes);
            // Under another parent, where the old one will never be there.
            if !moves
                && parent.is_some_and(|parent| !self.ledger.is_on_server(parent))
                && self.chance.per_mille(700)
            {
                parent = None;
                payload.insert("parentId".to_owned(), Value::Null);
            }
            if let Some(written) = self.ledger.get_mut(id) {
                written.texts.push(text);
            }
        }
        let change = is_mended.then_some(Change {
            payload,
            size_bytes,
            parent,
        });
        let input = Input::Retry { id, change };
        if self.refuses(address.device, address.slot, &input) {
            self.report.refused_commands += 1;
            return self.tell(address, input);
        }
        let again = self.with_what_builds_on(address, id);
        self.ledger.retry(&again);
        // In another tab's lane they stand before or behind what that tab writes meanwhile.
        let is_foreign = |id: &&ItemId| {
            let written = self.ledger.get(**id);
            written.is_some_and(|written| written.lane.device != name)
        };
        let foreign: Vec<ItemId> = again.iter().filter(is_foreign).copied().collect();
        self.ledger.float(&foreign);
        self.tell(address, input)?;
        // A refusal leaves it where it was; a wish without effect would be one more world that is less bad than meant.
        let tab = self.devices[address.device].tab(address.slot, address.life);
        if tab.is_some_and(|tab| {
            let item = tab.engine.item(id);
            item.is_none_or(|item| item.fate == Fate::Pending)
        }) {
            self.report.retries += 1;
        }
        Ok(())
    }

    /// An item, and what builds on it and is blocked by it or waits for it.
    fn with_what_builds_on(&self, address: Address, id: ItemId) -> Vec<ItemId> {
        let mut found = BTreeSet::from([id]);
        let tab = self.devices[address.device].tabs[address.slot].as_ref();
        let items = tab.map(|tab| tab.engine.items()).unwrap_or_default();
        loop {
            let more: Vec<ItemId> = items
                .iter()
                .filter(|(item, _)| !found.contains(&item.id))
                .filter(|(item, _)| item.parent.is_some_and(|parent| found.contains(&parent)))
                .map(|(item, _)| item.id)
                .collect();
            if more.is_empty() {
                return found.into_iter().collect();
            }
            found.extend(more);
        }
    }

    /// The item once more, as another one of this tab.
    fn resend(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        let new = ItemId(self.chance.uuid());
        let text = format!("once more: {new}");
        let trace = self.trace();
        let Some(tab) = &self.devices[address.device].tabs[address.slot] else {
            return Ok(());
        };
        let Some(stream) = self.ledger.get(id).map(|written| written.lane.stream) else {
            return Ok(());
        };
        let lane = LaneId {
            device: tab.name.clone(),
            stream,
        };
        let replacement = NewItem {
            id: new,
            payload: payload(&text, Some(None)),
            size_bytes: 100,
            parent: None,
            trace,
            lane: lane.clone(),
        };
        let counts_from_below = tab.counts_from_below;
        self.ledger.write(new, address.device, lane, text);
        if counts_from_below {
            self.ledger.float(&[new]);
        }
        if let Some(written) = self.ledger.get_mut(id) {
            written.ended_by_user = true;
            written.resent_as = Some(new);
        }
        self.report.resends += 1;
        let resend = Input::Resend {
            failed: id,
            replacement,
        };
        self.tell(address, resend)
    }

    /// Changes an item that was never sent; the engine refuses when it may have been.
    fn edit(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        let Some(tab) = &self.devices[address.device].tabs[address.slot] else {
            return Ok(());
        };
        let found = tab
            .engine
            .items()
            .into_iter()
            .find(|(item, _)| item.id == id);
        let Some((item, _)) = found else {
            return Ok(());
        };
        let mut payload = item.payload.clone();
        let text = format!("edited at {}: {id}", self.now);
        payload.insert("content".to_owned(), json!(text));
        if let Some(written) = self.ledger.get_mut(id) {
            written.texts.push(text);
        }
        let size_bytes = self.size(120);
        let replace = Input::Replace {
            id,
            payload,
            size_bytes,
        };
        self.tell(address, replace)
    }

    /// The user signs out: the other tabs are closed first, so that one engine alone empties the store, and nobody writes before it is empty.
    fn sign_out(&mut self, number: usize) -> Result<(), Violation> {
        let Some(leader) = self.leader(number) else {
            return Ok(());
        };
        let is_confirmed = self.chance.per_mille(500);
        let device = &self.devices[number];
        let others: Vec<usize> = device
            .living()
            .filter(|(slot, _)| *slot != leader.slot)
            .map(|(slot, _)| slot)
            .collect();
        let are_others_idle = device
            .living()
            .all(|(slot, tab)| slot == leader.slot || tab.engine.items().is_empty());
        if !is_confirmed && !are_others_idle {
            return Ok(());
        }
        if self.chance.per_mille(300) {
            // Of all times just now.
            let until = self.now + self.chance.between(100, 3_000);
            self.devices[number].store_refuses_until = until;
        }
        self.devices[number].has_left = true;
        self.devices[number].departures += 1;
        for slot in others {
            self.crash(number, slot)?;
        }
        let snapshot = self.devices[number].disk.snapshot()?;
        self.tell(leader, Input::Adopt(snapshot))?;
        let Some(tab) = self.devices[number].tab(leader.slot, leader.life) else {
            return Ok(());
        };
        let waits = |state: &ItemState| !matches!(state, ItemState::Discarded);
        let would_lose = tab.engine.items().iter().any(|(_, state)| waits(state));
        if is_confirmed {
            for (_, written) in self.ledger.written_mut() {
                if written.device == number {
                    written.is_given_up = true;
                }
            }
        }
        self.report.sign_outs += usize::from(is_confirmed || !would_lose);
        self.tell(leader, Input::SignOut { is_confirmed })
    }

    /// The user signs in again.
    pub(in crate::world) fn come_back(
        &mut self,
        number: usize,
        departure: u64,
    ) -> Result<(), Violation> {
        if self.devices[number].departures != departure {
            return Ok(());
        }
        self.devices[number].has_left = false;
        self.devices[number].is_signed_in = true;
        let living: Vec<Address> = self.devices[number]
            .living()
            .map(|(slot, tab)| Address {
                device: number,
                slot,
                life: tab.life,
            })
            .collect();
        for tab in living {
            self.tell(tab, Input::SignedIn)?;
        }
        Ok(())
    }
}
