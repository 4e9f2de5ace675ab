//! A device's durable store, as text: what a restart reads went through the stored form.

use std::collections::BTreeMap;

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Fate, ItemId, LaneId, Record, RecordError, Snapshot, StoreOperation, StoredItem,
};
use manent_types::DeviceId;

use crate::ledger::Ledger;
use crate::violation::Violation;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    items: BTreeMap<ItemId, (String, StoredItem<MessagePayload>)>,
    lanes: BTreeMap<LaneId, String>,
    pace: Option<String>,
    /// Grows when the store is cleared from outside.
    pub(crate) generation: u64,
    /// The lanes as they were some time ago.
    old_lanes: BTreeMap<LaneId, String>,
}

impl Disk {
    /// Writes a transaction, and checks that nothing is lost by it.
    pub(crate) fn apply(
        &mut self,
        operations: Vec<StoreOperation<MessagePayload>>,
        ledger: &mut Ledger,
    ) -> Result<(), Violation> {
        let mut removed = Vec::new();
        for operation in operations {
            match operation {
                StoreOperation::PutItem(item) => {
                    ledger.on_written(&item)?;
                    let text = encode(&Record::Item(item.clone()))?;
                    self.items.insert(item.id, (text, item));
                }
                StoreOperation::DeleteItem(id) => {
                    // One that the store knew to be thrown away may go.
                    if let Some((_, item)) = self.items.remove(&id)
                        && !matches!(item.fate, Fate::Discarded { .. })
                    {
                        removed.push(id);
                    }
                }
                StoreOperation::PutLane(lane) => {
                    let text = encode(&Record::Lane(lane.clone()))?;
                    self.lanes.insert(lane.lane, text);
                }
                StoreOperation::PutPace(pace) => {
                    let text = encode(&Record::Pace(pace))?;
                    self.pace = Some(text);
                }
                StoreOperation::Clear => {
                    self.pace = None;
                    removed.extend(self.items.keys().copied());
                    self.items.clear();
                    self.lanes.clear();
                }
            }
        }
        for id in removed {
            ledger.on_removed(id, |replacement| self.items.contains_key(&replacement))?;
        }
        Ok(())
    }

    pub(crate) fn get(&self, id: ItemId) -> Option<&StoredItem<MessagePayload>> {
        self.items.get(&id).map(|(_, item)| item)
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = &StoredItem<MessagePayload>> {
        self.items.values().map(|(_, item)| item)
    }

    pub(crate) fn has_pending(&self, id: ItemId) -> bool {
        self.get(id).is_some_and(|item| item.fate == Fate::Pending)
    }

    /// Everything, as a start reads it.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<MessagePayload>, Violation> {
        let items = self.items.values().map(|(text, _)| text.as_str());
        let lanes = self.lanes.values().map(String::as_str);
        let pace = self.pace.as_deref();
        // What somebody else left there costs itself and nothing more.
        let strange = [
            "{\"version\":2,\"record\":{}}",
            "{\"version\":1,\"record\":{\"item\"",
        ];
        let texts = strange.into_iter().chain(items).chain(lanes).chain(pace);
        let (snapshot, refused) = Snapshot::read(texts);
        match refused.as_slice() {
            [
                (0, RecordError::Newer { found: 2 }),
                (1, RecordError::Damaged { .. }),
            ] => Ok(snapshot),
            others => Err(Violation::Simulator(format!("refused: {others:?}"))),
        }
    }

    /// The items of the lanes of one tab.
    pub(crate) fn written_by(&self, name: &DeviceId) -> Snapshot<MessagePayload> {
        let items = self.items().filter(|item| item.lane.device == *name);
        Snapshot {
            items: items.cloned().collect(),
            ..Snapshot::default()
        }
    }

    /// Somebody cleared the site's data, or the browser did.
    pub(crate) fn clear(&mut self) {
        self.generation += 1;
        self.pace = None;
        self.items.clear();
        self.lanes.clear();
        self.old_lanes.clear();
    }

    /// Keeps a copy of the lanes, for a bad restore later on.
    pub(crate) fn copy_lanes(&mut self) {
        self.old_lanes = self.lanes.clone();
    }

    /// The lanes are as they were when they were copied, or gone.
    pub(crate) fn restore_lanes(&mut self) {
        self.lanes = self.old_lanes.clone();
    }
}

fn encode(record: &Record<MessagePayload>) -> Result<String, Violation> {
    let text = record.encode();
    text.map_err(|error| Violation::Simulator(error.to_string()))
}
