//! What holds whatever happens in whatever order: one engine, its store and a server that does as it likes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use manent_engine::{
    Answer, Change, EngineConfig, Failure, Fate, Input, ItemId, ItemState, LaneId, Outcome,
};
use proptest::prelude::*;

use crate::bench::{Bench, id, item_of, outcomes};

/// What can happen; the numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Enqueue {
        device: u8,
        stream: u8,
        parent: Option<u16>,
    },
    Confirm,
    RefuseWrite,
    Answer(Vec<u8>),
    Fail(u8),
    Wake,
    Jump(i32),
    Withdraw(u16),
    Replace(u16),
    Retry(u16, bool),
    Discard(u16),
    Undo(u16),
    ProbeNow,
    StorageLost,
    Crash,
    Lead(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_u8, 0..2_u8, proptest::option::of(any::<u16>()))
            .prop_map(|(device, stream, parent)| Step::Enqueue { device, stream, parent }),
        6 => Just(Step::Confirm),
        1 => Just(Step::RefuseWrite),
        6 => proptest::collection::vec(any::<u8>(), 0..12).prop_map(Step::Answer),
        2 => any::<u8>().prop_map(Step::Fail),
        4 => Just(Step::Wake),
        1 => any::<i32>().prop_map(Step::Jump),
        2 => any::<u16>().prop_map(Step::Withdraw),
        1 => any::<u16>().prop_map(Step::Replace),
        2 => (any::<u16>(), any::<bool>()).prop_map(|(which, changes)| Step::Retry(which, changes)),
        1 => any::<u16>().prop_map(Step::Discard),
        1 => any::<u16>().prop_map(Step::Undo),
        1 => Just(Step::ProbeNow),
        1 => Just(Step::StorageLost),
        1 => Just(Step::Crash),
        1 => any::<bool>().prop_map(Step::Lead),
    ]
}

struct Run {
    bench: Bench,
    config: EngineConfig,
    written: u128,
    /// Requests that were looked at.
    seen: usize,
    /// Accepted by the engine and neither saved nor removed by the user.
    owed: BTreeSet<ItemId>,
}

impl Run {
    fn new() -> Self {
        let config = EngineConfig {
            max_batch_items: 4,
            ..EngineConfig::default()
        };
        let mut bench = Bench::new(config.clone());
        bench.now = 1_000_000_000;
        Self {
            bench,
            config,
            written: 0,
            seen: 0,
            owed: BTreeSet::new(),
        }
    }

    fn some_item(&self, which: u16) -> ItemId {
        id(u128::from(which) % self.written.max(1) + 1)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Enqueue {
                device,
                stream,
                parent,
            } => {
                let parent = parent.map(|which| self.some_item(which).0.as_u128());
                self.written += 1;
                let device = format!("tab-{device}");
                let item = item_of(&device, self.written, u128::from(stream), parent);
                self.bench.tell(Input::Enqueue(item));
            }
            Step::Confirm => self.bench.confirm_all(),
            Step::RefuseWrite => {
                if !self.bench.persists.is_empty() {
                    let (id, _) = self.bench.persists.remove(0);
                    self.bench.tell(Input::PersistFailed(id));
                }
            }
            Step::Answer(choices) => self.answer(&choices),
            Step::Fail(kind) => {
                let failure = match kind % 5 {
                    0 | 1 => Failure::Infrastructure,
                    2 => Failure::BackPressure {
                        retry_after_ms: Some(u64::from(kind) * 100),
                    },
                    3 => Failure::UserAbort,
                    _ => Failure::Permanent {
                        code: "invalid_body".to_owned(),
                        detail: None,
                    },
                };
                self.tell_answer(Answer::Failed(failure));
            }
            Step::Wake => {
                if let Some(at) = self.bench.wake_at {
                    self.bench.now = self.bench.now.max(at);
                }
                self.bench.tell(Input::Wake);
            }
            Step::Jump(by) => {
                self.bench.now = self.bench.now.saturating_add_signed(i64::from(by));
            }
            Step::Withdraw(which) => self.bench.tell(Input::Withdraw(self.some_item(which))),
            Step::Replace(which) => self.bench.tell(Input::Replace {
                id: self.some_item(which),
                payload: "changed".to_owned(),
                size_bytes: 7,
            }),
            Step::Retry(which, changes) => self.bench.tell(Input::Retry {
                id: self.some_item(which),
                change: changes.then(|| Change {
                    payload: "again".to_owned(),
                    size_bytes: 5,
                    parent: None,
                }),
            }),
            Step::Discard(which) => self.bench.tell(Input::Discard(self.some_item(which))),
            Step::Undo(which) => self.bench.tell(Input::Undo(self.some_item(which))),
            Step::ProbeNow => self.bench.tell(Input::ProbeNow),
            Step::StorageLost => {
                self.bench.disk.clear();
                self.bench.tell(Input::StorageLost);
            }
            Step::Crash => {
                let on_disk: BTreeSet<ItemId> = self
                    .bench
                    .snapshot()
                    .items
                    .iter()
                    .map(|item| item.id)
                    .collect();
                let disk = std::mem::take(&mut self.bench.disk);
                // What a lost store held is gone with the memory.
                self.owed.retain(|id| on_disk.contains(id));
                self.bench = Bench::over(disk, self.config.clone(), self.bench.now);
                self.seen = 0;
                self.bench.tell(Input::Wake);
            }
            Step::Lead(leads) => {
                if !leads {
                    self.bench.confirm_all();
                }
                self.bench.tell(Input::Lead(leads));
            }
        }
        self.follow();
    }

    fn tell_answer(&mut self, answer: Answer) {
        if let Some((request, _)) = self.bench.sent.last() {
            let request = *request;
            self.bench.tell(Input::Answered { request, answer });
        }
    }

    /// The server's outcomes, sense and nonsense, more or fewer than items.
    fn answer(&mut self, choices: &[u8]) {
        let Some((_, batch)) = self.bench.sent.last() else {
            return;
        };
        let numbers: Vec<(u128, u64)> = batch
            .items
            .iter()
            .map(|item| (item.id.0.as_u128(), item.number))
            .collect();
        let told: Vec<(u128, Outcome)> = choices
            .iter()
            .zip(numbers.iter().cycle())
            .map(|(choice, (item, number))| {
                let outcome = match choice % 16 {
                    0..=7 => Outcome::Stored { position: Some(1) },
                    8 => Outcome::Duplicate { position: None },
                    9 => Outcome::IdTaken,
                    10 => Outcome::NumberTaken,
                    11 => Outcome::Gap {
                        expected: Some(number + u64::from(*choice)),
                    },
                    12 => Outcome::Gap { expected: None },
                    13 => Outcome::Rejected {
                        code: "parent_unknown".to_owned(),
                        detail: None,
                    },
                    14 => Outcome::Blocked,
                    _ => Outcome::Rejected {
                        code: "content_empty".to_owned(),
                        detail: None,
                    },
                };
                let item = if *choice == 255 { 1 << 90 } else { *item };
                (item, outcome)
            })
            .collect();
        self.tell_answer(outcomes(&told));
    }

    /// Notes what was told, and checks everything that must hold.
    fn follow(&mut self) {
        for event in std::mem::take(&mut self.bench.events) {
            match event {
                manent_engine::Event::Item { id, state } => match state {
                    ItemState::Saved { .. } => {
                        self.owed.remove(&id);
                    }
                    ItemState::Storing => {}
                    _ => {
                        self.owed.insert(id);
                    }
                },
                manent_engine::Event::Removed { id } => {
                    self.owed.remove(&id);
                }
                manent_engine::Event::InvariantHeld(what) => panic!("{what}"),
                _ => {}
            }
        }
        self.check_owed();
        self.check_requests();
        self.check_metrics();
    }

    /// What was accepted is in memory, and on disk when it is shown as more than being stored.
    fn check_owed(&self) {
        let discarded_for_good: Vec<&ItemId> = self
            .owed
            .iter()
            .filter(|id| self.bench.engine.item(**id).is_none())
            .collect();
        for id in discarded_for_good {
            // Only one whose removal is on its way to the store.
            let is_removing = self.bench.persists.iter().any(|(_, operations)| {
                operations.contains(&manent_engine::StoreOperation::DeleteItem(*id))
            });
            assert!(is_removing || !self.bench.engine.is_idle(), "lost {id}");
        }
    }

    fn check_requests(&mut self) {
        let disk: HashMap<ItemId, manent_engine::StoredItem<String>> = self
            .bench
            .snapshot()
            .items
            .into_iter()
            .map(|item| (item.id, item))
            .collect();
        // Only the newest request can be compared with the store as it is now.
        let Some((_, batch)) = self
            .bench
            .sent
            .last()
            .filter(|_| self.bench.sent.len() > self.seen)
        else {
            return;
        };
        let mut last: BTreeMap<&LaneId, u64> = BTreeMap::new();
        let mut before: BTreeSet<ItemId> = BTreeSet::new();
        for item in &batch.items {
            let stored = disk.get(&item.id);
            assert!(
                stored.is_some_and(|stored| stored.fate == Fate::Pending
                    && !stored.is_held
                    && stored.payload == item.payload),
                "sent before it was persisted: {stored:?}"
            );
            assert_eq!(item.lane.device, batch.device);
            if let Some(number) = last.insert(&item.lane, item.number) {
                assert_eq!(item.number, number + 1);
            }
            let has_circle = self.is_in_circle(item.id);
            let waits = item.parent.is_some_and(|parent| {
                !before.contains(&parent)
                    && self
                        .bench
                        .engine
                        .item(parent)
                        .is_some_and(|parent| parent.fate == Fate::Pending)
            });
            assert!(has_circle || !waits, "sent before its parent");
            before.insert(item.id);
        }
        self.seen = self.bench.sent.len();
    }

    /// Whether the item builds on itself: then nobody can say which comes first.
    fn is_in_circle(&self, id: ItemId) -> bool {
        let parent_of = |id: ItemId| self.bench.engine.item(id).and_then(|item| item.parent);
        let mut ancestors = BTreeSet::new();
        let mut next = parent_of(id);
        while let Some(ancestor) = next {
            if ancestor == id || !ancestors.insert(ancestor) {
                return true;
            }
            next = parent_of(ancestor);
        }
        false
    }

    fn check_metrics(&self) {
        let engine = &self.bench.engine;
        let metrics = engine.metrics();
        let items = engine.items();
        let pending = items
            .iter()
            .filter(|(stored, _)| stored.fate == Fate::Pending);
        assert_eq!(metrics.queued_messages, pending.count());
        let storing = items
            .iter()
            .filter(|(stored, state)| *state == ItemState::Storing && stored.fate == Fate::Pending);
        assert_eq!(metrics.storing_messages, storing.count());
        let sending = items
            .iter()
            .filter(|(_, state)| *state == ItemState::Sending);
        // One that is under way while the store is written again counts as both.
        assert!(sending.count() <= metrics.sending_messages);
        for (stored, state) in items {
            assert_eq!(engine.state(stored.id), Some(state));
        }
    }

    /// A server that does its work and a store that writes: everything comes to rest.
    fn settle(&mut self) {
        self.bench.tell(Input::Lead(true));
        self.bench.tell(Input::SignedIn);
        for _ in 0..2_000 {
            self.bench.confirm_all();
            self.follow();
            if self.bench.engine.is_idle() {
                return;
            }
            if self.bench.engine.metrics().sending_messages > 0 {
                let sent = self.bench.last_sent();
                let told: Vec<(u128, Outcome)> = sent
                    .iter()
                    .map(|(id, _)| (id.0.as_u128(), Outcome::Stored { position: None }))
                    .collect();
                self.tell_answer(outcomes(&told));
            } else {
                self.take(Step::Wake);
            }
        }
        panic!("never at rest: {:?}", self.bench.engine.metrics());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_in_any_order_of_events(steps in proptest::collection::vec(step(), 1..120)) {
        let mut run = Run::new();
        for step in steps {
            run.take(step);
        }
        run.settle();
        for item in run.bench.snapshot().items {
            prop_assert!(item.fate != Fate::Pending, "stuck: {:?}", item);
        }
    }
}
