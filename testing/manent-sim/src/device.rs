//! A device: one store, up to two engines over it (tabs), one clock. Only the store survives a crash.

use std::collections::BTreeMap;

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Engine, FailReason, Fate, ItemId, LaneId, PersistId, Record, RequestId, Snapshot,
    StoreOperation, StoredItem,
};
use manent_types::DeviceId;

use crate::ledger::{Author, Ledger};
use crate::pace::Pace;
use crate::violation::Violation;

/// The durable store, as text: what a restart reads went through the stored form.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    items: BTreeMap<ItemId, (String, StoredItem<MessagePayload>)>,
    lanes: BTreeMap<LaneId, String>,
}

impl Disk {
    /// Writes a transaction, and checks that nothing is lost by it.
    pub(crate) fn apply(
        &mut self,
        operations: Vec<StoreOperation<MessagePayload>>,
        ledger: &mut Ledger,
    ) -> Result<(), Violation> {
        let encode = |record: &Record<MessagePayload>| {
            let text = record.encode();
            text.map_err(|error| Violation::Simulator(error.to_string()))
        };
        let mut removed = Vec::new();
        for operation in operations {
            match operation {
                StoreOperation::PutItem(item) => {
                    let withdrawn = Fate::Failed {
                        reason: FailReason::Withdrawn,
                    };
                    if item.fate == withdrawn
                        && let Some(written) = ledger.get_mut(item.id)
                    {
                        written.is_withdrawn = true;
                    }
                    // The user's decisions count when the store knows them.
                    if let Some(written) = ledger.get_mut(item.id) {
                        written.ended_by_user = match item.fate {
                            Fate::Pending => false,
                            Fate::Failed { .. } => written.resent_as.is_some(),
                            Fate::Discarded { .. } => true,
                        };
                    }
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
                StoreOperation::Clear => {
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

    pub(crate) fn has_pending(&self, id: ItemId) -> bool {
        self.get(id).is_some_and(|item| item.fate == Fate::Pending)
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot<MessagePayload>, Violation> {
        let items = self.items.values().map(|(text, _)| text.as_str());
        let texts = items.chain(self.lanes.values().map(String::as_str));
        let (snapshot, refused) = Snapshot::read(texts);
        match refused.first() {
            None => Ok(snapshot),
            Some((_, error)) => Err(Violation::Simulator(error.to_string())),
        }
    }

    /// The lanes are gone, as after a restore of an older store.
    pub(crate) fn forget_lanes(&mut self) {
        self.lanes.clear();
    }
}

/// One engine in one life.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) engine: Engine<MessagePayload>,
    pub(crate) life: Author,
    pub(crate) persist: Option<(PersistId, Vec<StoreOperation<MessagePayload>>)>,
    pub(crate) request: Option<RequestId>,
    pub(crate) pace: Pace,
    pub(crate) is_signing_in: bool,
    /// The last item that it wrote, for each conversation of the world.
    pub(crate) newest: Vec<Option<ItemId>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) disk: Disk,
    pub(crate) tabs: Vec<Option<Tab>>,
    pub(crate) leader: usize,
    pub(crate) clock_offset: u64,
    pub(crate) is_signed_in: bool,
    pub(crate) store_refuses_until: u64,
}

impl Device {
    /// The tab, if it still lives that life.
    pub(crate) fn tab(&mut self, tab: usize, life: Author) -> Option<&mut Tab> {
        self.tabs[tab].as_mut().filter(|tab| tab.life == life)
    }
}
