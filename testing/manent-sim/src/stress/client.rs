//! One client: an engine, a store that never fails, and what the server keeps for it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use manent_engine::{
    Answer, Engine, EngineConfig, ItemId, ItemOutcome, LaneId, NewItem, Outcome, Output, PersistId,
    RequestId, Snapshot,
};
use uuid::Uuid;

use crate::chance::Chance;
use crate::violation::Violation;

/// What a client does next.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doing {
    Write,
    Online,
    Wake,
    Persisted(PersistId),
    Arrive(RequestId),
    Answer(RequestId, Reply),
}

/// An answer; all are equal, as far as the order of happenings goes.
#[derive(Debug)]
pub(super) struct Reply(pub(super) Answer);

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self(answer)
    }
}

impl PartialEq for Reply {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Reply {}

impl PartialOrd for Reply {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reply {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

/// A request on its way: ids, numbers, and the places of the items in the client's writing.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) items: Vec<(ItemId, u64, u64)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) engine: Engine<u64>,
    pub(super) sent: HashMap<RequestId, Sent>,
    lane: LaneId,
    written: u64,
    /// When each message was written and stored.
    written_at: Vec<u64>,
    stored_at: Vec<u64>,
    stored: HashSet<ItemId>,
    applied: u64,
}

impl Client {
    pub(super) fn new(number: usize, chance: &mut Chance) -> Result<Self, Violation> {
        let name = format!("client-{number}");
        let device = name.parse().map_err(|_| Violation::Simulator(name))?;
        Ok(Self {
            engine: Engine::new(EngineConfig::default(), Snapshot::default(), chance.seed()),
            sent: HashMap::new(),
            lane: LaneId {
                device,
                stream: Uuid::from_u128(number as u128),
            },
            written: 0,
            written_at: Vec::new(),
            stored_at: Vec::new(),
            stored: HashSet::new(),
            applied: 0,
        })
    }

    pub(super) fn write(&mut self, now: u64, chance: &mut Chance) -> NewItem<u64> {
        self.written += 1;
        self.written_at.push(now);
        NewItem {
            id: ItemId(chance.uuid()),
            lane: self.lane.clone(),
            parent: None,
            payload: self.written,
            size_bytes: 500,
            trace: None,
        }
    }

    /// What follows from an output, and after how long.
    pub(super) fn perform(
        &mut self,
        now: u64,
        output: Output<u64>,
        chance: &mut Chance,
    ) -> Option<(u64, Doing)> {
        match output {
            Output::Persist(id, _) => Some((chance.between(1, 5), Doing::Persisted(id))),
            Output::Send(request, batch) => {
                let items = batch
                    .items
                    .iter()
                    .map(|item| (item.id, item.number, item.payload))
                    .collect();
                self.sent.insert(request, Sent { items });
                Some((chance.between(10, 60), Doing::Arrive(request)))
            }
            Output::WakeAt(at) => Some((at.saturating_sub(now), Doing::Wake)),
            Output::Cancel(_) | Output::Notify(_) => None,
        }
    }

    /// The server stores an item, each once and in order.
    pub(super) fn store(
        &mut self,
        (id, number, payload): (ItemId, u64, u64),
        now: u64,
    ) -> Result<ItemOutcome, Violation> {
        let outcome = if self.stored.contains(&id) {
            Outcome::Duplicate { position: None }
        } else if number <= self.applied {
            Outcome::NumberTaken
        } else if number == self.applied + 1 {
            self.applied = number;
            self.stored.insert(id);
            self.stored_at.push(now);
            if self.stored.len() as u64 != payload {
                return Err(Violation::OutOfOrder(id));
            }
            Outcome::Stored { position: None }
        } else {
            Outcome::Gap {
                expected: Some(self.applied + 1),
            }
        };
        Ok(ItemOutcome { id, outcome })
    }

    /// How long after the outage the server had what was written before the outage ended; absent when it had it all along.
    pub(super) fn caught_up(&self, ended: u64) -> Option<u64> {
        let written = self.written_at.partition_point(|at| *at < ended);
        let stored = *self.stored_at.get(written.checked_sub(1)?)?;
        (stored >= ended).then(|| stored - ended)
    }

    pub(super) fn check_end(&self) -> Result<(), Violation> {
        if self.stored.len() as u64 == self.written {
            return Ok(());
        }
        let waiting = self.engine.items();
        let id = waiting.first().map(|(item, _)| item.id);
        Err(Violation::Stuck(id.unwrap_or(ItemId(Uuid::nil()))))
    }
}
