//! What users do: write, change, take back, resend, throw away, bring back.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Input, ItemId, ItemState, LaneId, NewItem};
use serde_json::{Value, json};

use super::{Address, Happening, SPAN_MS, World};
use crate::server::BOMB;
use crate::violation::Violation;

/// A message's payload.
#[expect(
    clippy::option_option,
    reason = "absent and null say different things on the wire"
)]
fn payload(text: &str, parent: Option<Option<ItemId>>) -> MessagePayload {
    let mut payload = MessagePayload::new();
    payload.insert("role".to_owned(), json!("user"));
    payload.insert("content".to_owned(), json!(text));
    if let Some(parent) = parent {
        let parent = parent.map_or(Value::Null, |parent| json!(parent));
        payload.insert("parentId".to_owned(), parent);
    }
    payload
}

impl World {
    fn text(&mut self, id: ItemId) -> String {
        match self.chance.between(0, 99) {
            0..=2 => String::new(),
            3 => BOMB.to_owned(),
            _ => format!("text of {id}"),
        }
    }

    /// Somebody writes a message in one of the device's tabs.
    pub(super) fn write(&mut self, device: usize) -> Result<(), Violation> {
        let tab = self.chance.index(self.devices[device].tabs.len());
        let Some(open) = &self.devices[device].tabs[tab] else {
            let later = self.chance.between(100, 2_000);
            self.schedule(later, Happening::Write(device));
            return Ok(());
        };
        let life = open.life;
        let place = self.chance.index(self.conversations.len());
        let before = open.newest[place];
        let id = ItemId(self.chance.uuid());
        let text = self.text(id);
        let parent = before.filter(|_| self.chance.per_mille(600));
        let parent_field = match parent {
            Some(parent) => Some(Some(parent)),
            None if self.chance.per_mille(500) => Some(None),
            None => None,
        };
        let item = NewItem {
            id,
            lane: LaneId {
                device: self.devices[device].id.clone(),
                stream: self.conversations[place],
            },
            parent,
            payload: payload(&text, parent_field),
            size_bytes: 100 + text.len() as u64,
            trace: None,
        };
        self.ledger.write(id, life, self.conversations[place], text);
        if let Some(open) = &mut self.devices[device].tabs[tab] {
            open.newest[place] = Some(id);
        }
        self.tell(Address { device, tab, life }, Input::Enqueue(item))
    }

    /// Somebody looks at the outbox and does something about one of its items.
    pub(super) fn act(&mut self, device: usize) -> Result<(), Violation> {
        if self.now < SPAN_MS {
            let later = self.chance.between(200, 4_000);
            self.schedule(later, Happening::Act(device));
        }
        let Some(address) = self.leader(device) else {
            return Ok(());
        };
        let Some(tab) = &self.devices[device].tabs[address.tab] else {
            return Ok(());
        };
        let items = tab.engine.items();
        if items.is_empty() {
            return Ok(());
        }
        let (stored, state) = &items[self.chance.index(items.len())];
        let (id, lane, state) = (stored.id, stored.lane.clone(), state.clone());
        match state {
            ItemState::Failed(_) => self.decide_about_failed(address, id, &lane),
            ItemState::Discarded => self.tell(address, Input::Undo(id)),
            ItemState::Queued | ItemState::Waiting(_) | ItemState::Storing => {
                if self.chance.per_mille(500) {
                    return self.tell(address, Input::Withdraw(id));
                }
                self.edit(address, id)
            }
            ItemState::Sending | ItemState::Saved { .. } => Ok(()),
        }
    }

    fn decide_about_failed(
        &mut self,
        address: Address,
        id: ItemId,
        lane: &LaneId,
    ) -> Result<(), Violation> {
        if self.chance.per_mille(400) {
            if let Some(written) = self.ledger.get_mut(id) {
                written.ended_by_user = true;
                written.resent_as = None;
            }
            return self.tell(address, Input::Discard(id));
        }
        let new = ItemId(self.chance.uuid());
        let text = format!("once more: {new}");
        let replacement = NewItem {
            id: new,
            payload: payload(&text, Some(None)),
            size_bytes: 100,
            parent: None,
            trace: None,
            lane: lane.clone(),
        };
        self.ledger.write(new, address.life, lane.stream, text);
        if let Some(written) = self.ledger.get_mut(id) {
            written.ended_by_user = true;
            written.resent_as = Some(new);
        }
        let resend = Input::Resend {
            failed: id,
            replacement,
        };
        self.tell(address, resend)
    }

    /// Changes an item that was never sent; the engine refuses when it may have been.
    fn edit(&mut self, address: Address, id: ItemId) -> Result<(), Violation> {
        let Some(tab) = &self.devices[address.device].tabs[address.tab] else {
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
        let replace = Input::Replace {
            id,
            payload,
            size_bytes: 120,
        };
        self.tell(address, replace)
    }
}
