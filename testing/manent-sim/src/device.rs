//! A device: one store, an engine in each of its tabs, one clock. Only the store survives a crash.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Engine, ItemId, PersistId, RequestId, StoreOperation};
use manent_types::DeviceId;

use crate::disk::Disk;
use crate::ledger::Life;
use crate::pace::Pace;
use crate::violation::Violation;
use crate::witness::Witness;

/// One engine in one life.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
pub(crate) struct Tab {
    pub(crate) engine: Engine<MessagePayload>,
    pub(crate) life: Life,
    /// Under whose name it writes.
    pub(crate) name: DeviceId,
    pub(crate) persist: Option<(PersistId, Vec<StoreOperation<MessagePayload>>)>,
    /// The store wrote the transaction, was cleared, and has not confirmed it yet.
    pub(crate) is_written_in_vain: bool,
    pub(crate) request: Option<RequestId>,
    pub(crate) pace: Pace,
    pub(crate) witness: Witness,
    /// Until when the next leader has to be patient, as this one last asked the store to hold; by true time.
    pub(crate) patience_asked: u64,
    /// The store refused its last transaction: it is asked again when the engine sees fit.
    pub(crate) is_store_refusing: bool,
    pub(crate) is_signing_in: bool,
    /// The last item that it wrote, for each conversation of the world.
    pub(crate) newest: Vec<Option<ItemId>>,
    /// It could not read what an earlier tab of its slot had written: its orders may be lower than those.
    pub(crate) counts_from_below: bool,
    /// The generation of the store that it knows of.
    pub(crate) generation: u64,
}

/// See the module.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
pub(crate) struct Device {
    pub(crate) number: usize,
    /// Grows when the device forgot who it was.
    pub(crate) installation: u64,
    pub(crate) disk: Disk,
    /// By slot: a tab takes the lowest free one and writes into lanes of that slot alone.
    pub(crate) tabs: Vec<Option<Tab>>,
    /// The slot of the one that sends.
    pub(crate) leader: Option<usize>,
    pub(crate) clock_offset: u64,
    /// The server knows the session.
    pub(crate) is_signed_in: bool,
    /// The user signed out here and has not come back.
    pub(crate) has_left: bool,
    /// How often the user signed out here: who comes back comes back from one of these times.
    pub(crate) departures: u64,
    pub(crate) is_offline: bool,
    pub(crate) store_refuses_until: u64,
    /// What the store says of the pace, by true time: not before, open until.
    pub(crate) pace: (u64, u64),
    /// Its lanes were not always what they had been.
    pub(crate) has_lost_lanes: bool,
}

impl Device {
    pub(crate) fn new(number: usize, tabs: usize) -> Self {
        Self {
            number,
            installation: 0,
            disk: Disk::default(),
            tabs: (0..tabs).map(|_| None).collect(),
            leader: None,
            clock_offset: 1_000_000_000_000,
            is_signed_in: true,
            has_left: false,
            departures: 0,
            is_offline: false,
            store_refuses_until: 0,
            pace: (0, 0),
            has_lost_lanes: false,
        }
    }

    /// The name under which the tab in this slot writes.
    pub(crate) fn name(&self, slot: usize) -> Result<DeviceId, Violation> {
        let name = format!("device-{}.{}-{slot}", self.number, self.installation);
        name.parse().map_err(|_| Violation::Simulator(name))
    }

    /// The tab in this slot, if it still lives that life.
    pub(crate) fn tab(&mut self, slot: usize, life: Life) -> Option<&mut Tab> {
        self.tabs[slot].as_mut().filter(|tab| tab.life == life)
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = (usize, &Tab)> {
        let tabs = self.tabs.iter().enumerate();
        tabs.filter_map(|(slot, tab)| Some((slot, tab.as_ref()?)))
    }

    /// Whether a tab has the item in memory.
    pub(crate) fn is_in_memory(&self, id: ItemId) -> bool {
        self.living().any(|(_, tab)| tab.engine.item(id).is_some())
    }
}
