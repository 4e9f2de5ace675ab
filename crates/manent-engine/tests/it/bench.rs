//! An engine on a bench: its store confirms when told, and everything that comes out of it is kept.

use std::collections::BTreeMap;

use manent_engine::{
    Answer, Batch, Engine, EngineConfig, Event, Input, ItemId, ItemOutcome, ItemState, LaneId,
    Millis, NewItem, Outcome, Output, PersistId, Record, RequestId, Snapshot, StoreOperation,
};
use uuid::Uuid;

/// An engine with a store that confirms when told, and everything that came out of it.
pub(crate) struct Bench {
    pub(crate) engine: Engine<String>,
    pub(crate) now: Millis,
    /// What the store holds, as text.
    pub(crate) disk: BTreeMap<String, String>,
    pub(crate) persists: Vec<(PersistId, Vec<StoreOperation<String>>)>,
    pub(crate) sent: Vec<(RequestId, Batch<String>)>,
    pub(crate) events: Vec<Event>,
    pub(crate) wake_at: Option<Millis>,
}

impl Bench {
    pub(crate) fn new(config: EngineConfig) -> Self {
        Self::over(BTreeMap::new(), config, 0)
    }

    /// An engine over what a store holds.
    pub(crate) fn over(disk: BTreeMap<String, String>, config: EngineConfig, now: Millis) -> Self {
        Self {
            engine: Engine::new(config, snapshot_of(&disk), 1),
            now,
            disk,
            persists: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            wake_at: None,
        }
    }

    pub(crate) fn tell(&mut self, input: Input<String>) {
        self.engine.handle(self.now, input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Persist(id, operations) => self.persists.push((id, operations)),
                Output::Send(request, batch) => self.sent.push((request, batch)),
                Output::Notify(event) => self.events.push(event),
                Output::WakeAt(at) => self.wake_at = Some(at),
                Output::Cancel(_) => {}
            }
        }
    }

    /// The engine dies, and another one begins over what the store holds.
    pub(crate) fn restart(self, config: EngineConfig) -> Self {
        let mut next = Self::over(self.disk, config, self.now);
        next.tell(Input::Wake);
        next
    }

    /// What the store holds.
    pub(crate) fn snapshot(&self) -> Snapshot<String> {
        snapshot_of(&self.disk)
    }

    pub(crate) fn confirm_all(&mut self) {
        while !self.persists.is_empty() {
            self.confirm_one();
        }
    }

    pub(crate) fn confirm_one(&mut self) {
        let (id, operations) = self.persists.remove(0);
        self.write(operations);
        self.tell(Input::Persisted(id));
    }

    fn write(&mut self, operations: Vec<StoreOperation<String>>) {
        for operation in operations {
            match operation {
                StoreOperation::PutItem(item) => {
                    let text = Record::Item(item.clone()).encode().unwrap();
                    self.disk.insert(item.id.to_string(), text);
                }
                StoreOperation::DeleteItem(id) => {
                    self.disk.remove(&id.to_string());
                }
                StoreOperation::PutLane(lane) => {
                    let key = format!("{}/{}", lane.lane.device, lane.lane.stream);
                    let text = Record::<String>::Lane(lane).encode().unwrap();
                    self.disk.insert(key, text);
                }
                StoreOperation::PutPace(pace) => {
                    let text = Record::<String>::Pace(pace).encode().unwrap();
                    self.disk.insert("pace".to_owned(), text);
                }
                StoreOperation::Clear => self.disk.clear(),
            }
        }
    }

    pub(crate) fn enqueue(&mut self, item: NewItem<String>) {
        self.tell(Input::Enqueue(item));
        self.confirm_all();
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        let (request, _) = self.sent.last().unwrap();
        self.tell(Input::Answered {
            request: *request,
            answer,
        });
        self.confirm_all();
    }

    pub(crate) fn wake(&mut self) {
        self.now = self.wake_at.unwrap();
        self.tell(Input::Wake);
    }

    /// Wakes the engine until it sends something more.
    pub(crate) fn wake_until_sent(&mut self) {
        let before = self.sent.len();
        for _ in 0..100 {
            if self.sent.len() == before {
                self.wake();
                self.confirm_all();
            }
        }
        assert!(self.sent.len() > before, "{:?}", self.engine.metrics());
    }

    pub(crate) fn state(&self, number: u128) -> Option<ItemState> {
        self.engine.state(id(number))
    }

    /// What was told about an item since it was asked last, oldest first.
    pub(crate) fn told(&mut self, number: u128) -> Vec<ItemState> {
        let events = std::mem::take(&mut self.events);
        let states = events.into_iter().filter_map(|event| match event {
            Event::Item { id: told, state } if told == id(number) => Some(state),
            _ => None,
        });
        states.collect()
    }

    pub(crate) fn last_sent(&self) -> Vec<(ItemId, u64)> {
        let (_, batch) = self.sent.last().unwrap();
        batch
            .items
            .iter()
            .map(|item| (item.id, item.number))
            .collect()
    }
}

fn snapshot_of(disk: &BTreeMap<String, String>) -> Snapshot<String> {
    let (snapshot, refused) = Snapshot::read(disk.values().map(String::as_str));
    assert_eq!(refused, []);
    snapshot
}

pub(crate) fn id(number: u128) -> ItemId {
    ItemId(Uuid::from_u128(number))
}

pub(crate) fn item(number: u128, stream: u128, parent: Option<u128>) -> NewItem<String> {
    NewItem {
        id: id(number),
        lane: LaneId {
            device: "phone".parse().unwrap(),
            stream: Uuid::from_u128(stream),
        },
        parent: parent.map(id),
        payload: "text".to_owned(),
        size_bytes: 4,
        trace: None,
    }
}

/// An item of another device's lane.
pub(crate) fn item_of(
    device: &str,
    number: u128,
    stream: u128,
    parent: Option<u128>,
) -> NewItem<String> {
    let mut item = item(number, stream, parent);
    item.lane.device = device.parse().unwrap();
    item
}

pub(crate) fn outcomes(list: &[(u128, Outcome)]) -> Answer {
    let outcomes = list.iter().map(|(number, outcome)| ItemOutcome {
        id: id(*number),
        outcome: outcome.clone(),
    });
    Answer::Outcomes(outcomes.collect())
}

pub(crate) fn stored() -> Outcome {
    Outcome::Stored { position: None }
}
