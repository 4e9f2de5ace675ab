//! What users do: write, change, take back, send again, throw away, bring back, sign out.

mod decide;

use manent_engine::append_api::{CREATE_FIELD, MessagePayload};
use manent_engine::{Input, ItemId, LaneId, NewItem, TraceContext};
use serde_json::{Value, json};

use super::{Address, Happening, World};
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

    /// Mostly the size itself; now and then as large as an item may be, or a little more.
    fn size(&mut self, size: u64) -> u64 {
        let limit = self.config.max_item_bytes;
        let size = match self.chance.between(0, 99) {
            0 => limit,
            1 => limit + 1,
            _ => size.min(limit),
        };
        self.report.at_the_limit += usize::from(size >= limit);
        size
    }

    fn trace(&mut self) -> Option<TraceContext> {
        let (trace, span) = (self.chance.uuid(), self.chance.seed());
        let text = format!("00-{}-{span:016x}-01", trace.simple());
        text.parse().ok().filter(|_| self.chance.per_mille(500))
    }

    /// Whether the tab has to refuse this.
    fn refuses(&self, number: usize, slot: usize, input: &Input<MessagePayload>) -> bool {
        let tab = self.devices[number].tabs[slot].as_ref();
        tab.is_some_and(|tab| tab.witness.refuses(&tab.engine, input))
    }

    /// Somebody writes a message in one of the device's tabs.
    pub(super) fn write(&mut self, number: usize) -> Result<(), Violation> {
        let device = &self.devices[number];
        let slot = self.chance.index(device.tabs.len());
        let open = device.tabs[slot].as_ref().filter(|_| !device.has_left);
        let Some(open) = open else {
            let later = self.chance.between(100, 2_000);
            self.schedule(later, Happening::Write(number));
            return Ok(());
        };
        let (life, name) = (open.life, open.name.clone());
        let place = self.chance.index(self.conversations.len());
        let id = ItemId(self.chance.uuid());
        let text = self.text(id);
        let lane = LaneId {
            device: name,
            stream: self.conversations[place],
        };
        let parent = self.parent(number, slot, place, &lane);
        let parent_field = match parent {
            Some(parent) => Some(Some(parent)),
            None if self.chance.per_mille(500) => Some(None),
            None => None,
        };
        let size_bytes = self.size(100 + text.len() as u64);
        let mut payload = payload(&text, parent_field);
        if self.chance.per_mille(100) {
            payload.insert(CREATE_FIELD.to_owned(), json!({ "title": text }));
        }
        let item = NewItem {
            id,
            lane: lane.clone(),
            parent,
            payload,
            size_bytes,
            trace: self.trace(),
        };
        let has_no_room = self.refuses(number, slot, &Input::Enqueue(item.clone()));
        if has_no_room {
            self.report.over_full += 1;
            let address = Address {
                device: number,
                slot,
                life,
            };
            return self.tell(address, Input::Enqueue(item));
        }
        self.ledger.write(id, number, lane, text);
        if let Some(open) = &mut self.devices[number].tabs[slot] {
            open.newest[place] = Some(id);
            if open.counts_from_below {
                self.ledger.float(&[id]);
            }
        }
        let address = Address {
            device: number,
            slot,
            life,
        };
        self.tell(address, Input::Enqueue(item))
    }

    /// What a message builds on: mostly the last one of its tab, now and then one that another tab shows, or one that does not exist.
    fn parent(
        &mut self,
        number: usize,
        slot: usize,
        place: usize,
        lane: &LaneId,
    ) -> Option<ItemId> {
        let device = &self.devices[number];
        let tab = device.tabs[slot].as_ref()?;
        match self.chance.between(0, 99) {
            0..=49 => tab.newest[place],
            50..=69 => {
                let leads = device.leader == Some(slot);
                let other = |item: &ItemId, other: &LaneId| {
                    other.stream == lane.stream
                        && other.device != lane.device
                        // The leader shows what it has; another tab what it heard of, which the leader reads with this message's news.
                        && (!leads || tab.engine.item(*item).is_some())
                };
                let items = device.disk.items();
                let others: Vec<ItemId> = items
                    .filter(|item| other(&item.id, &item.lane))
                    .map(|item| item.id)
                    .collect();
                if others.is_empty() {
                    return tab.newest[place];
                }
                self.report.foreign_parents += 1;
                Some(others[self.chance.index(others.len())])
            }
            70 => Some(ItemId(self.chance.uuid())),
            _ => None,
        }
    }
}
