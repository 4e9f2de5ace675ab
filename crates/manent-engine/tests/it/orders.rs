//! A lane keeps its order, whatever clocks do, and whenever the engine that sends dies.

use std::collections::BTreeMap;

use manent_engine::{Engine, EngineConfig, Fate, Input, ItemId, ItemState, LaneId, Outcome};
use proptest::prelude::*;

use crate::bench::{Bench, id, item, item_of, outcomes, stored};

fn follower() -> EngineConfig {
    EngineConfig {
        leads: false,
        ..EngineConfig::default()
    }
}

fn rejected() -> Outcome {
    Outcome::Rejected {
        code: "content_empty".to_owned(),
        detail: None,
    }
}

/// What can happen; the numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    /// A tab writes, and lets go of what is durable.
    Write { tab: u8, stream: u8 },
    /// The clock of the device is set.
    Jump(i32),
    /// The sender reads the store.
    Hear,
    /// The sender's transactions are written.
    Confirm,
    /// The server stores what was sent; of every so many it refuses one.
    Answer { refuses: u8 },
    /// The sender reads the store; something is sent again from the tray, and that becomes durable.
    Retry(u16),
    /// The sender dies; its transaction under way is lost.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_u8, 0..2_u8).prop_map(|(tab, stream)| Step::Write { tab, stream }),
        2 => any::<i32>().prop_map(Step::Jump),
        5 => Just(Step::Hear),
        4 => Just(Step::Confirm),
        4 => (2..6_u8).prop_map(|refuses| Step::Answer { refuses }),
        3 => any::<u16>().prop_map(Step::Retry),
        2 => Just(Step::Die),
    ]
}

struct Run {
    now: u64,
    writers: Vec<Bench>,
    /// Its disk is that of all.
    sender: Bench,
    written: u128,
    /// What is to be stored, in the order in which it has to come.
    expected: BTreeMap<LaneId, Vec<ItemId>>,
}

impl Run {
    fn new() -> Self {
        let now = 1_000_000_000_000;
        let writer = |_| Bench::over(BTreeMap::new(), follower(), now);
        let mut sender = Bench::over(BTreeMap::new(), EngineConfig::default(), now);
        sender.tell(Input::Wake);
        Self {
            now,
            writers: (0..2).map(writer).collect(),
            sender,
            written: 0,
            expected: BTreeMap::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Write { tab, stream } => {
                self.written += 1;
                let device = format!("tab-{tab}");
                let item = item_of(&device, self.written, u128::from(stream), None);
                let lane = item.lane.clone();
                self.expected.entry(lane).or_default().push(item.id);
                let key = item.id.to_string();
                let writer = &mut self.writers[usize::from(tab)];
                writer.now = self.now;
                writer.enqueue(item);
                let text = writer.disk[&key].clone();
                writer.tell(Input::Release(vec![id(self.written)]));
                self.sender.disk.insert(key, text);
            }
            Step::Jump(by) => self.now = self.now.saturating_add_signed(i64::from(by)),
            Step::Hear => self.hear(),
            Step::Confirm => self.sender.confirm_all(),
            Step::Answer { refuses } => self.answer(u128::from(refuses)),
            Step::Retry(which) => self.retry(usize::from(which)),
            Step::Die => {
                let disk = std::mem::take(&mut self.sender.disk);
                self.sender = Bench::over(disk, EngineConfig::default(), self.now);
                self.sender.tell(Input::Wake);
            }
        }
    }

    fn hear(&mut self) {
        self.sender.now = self.now;
        let snapshot = self.sender.snapshot();
        self.sender.tell(Input::Adopt(snapshot));
    }

    fn retry(&mut self, which: usize) {
        self.sender.confirm_all();
        self.hear();
        let tray = self.sender.engine.tray();
        let tray: Vec<ItemId> = tray.iter().map(|(item, _)| item.id).collect();
        let Some(failed) = tray.get(which % tray.len().max(1)).copied() else {
            return;
        };
        let lane = self.sender.engine.item(failed).unwrap().lane.clone();
        self.sender.tell(Input::Retry {
            id: failed,
            change: None,
        });
        self.sender.confirm_all();
        self.expected.entry(lane).or_default().push(failed);
    }

    fn is_waiting_for_an_answer(&self) -> bool {
        self.sender.engine.metrics().sending_messages > 0
    }

    fn answer(&mut self, refuses: u128) {
        if !self.is_waiting_for_an_answer() {
            return;
        }
        let (_, batch) = self.sender.sent.last().unwrap().clone();
        let mut told = Vec::new();
        for item in &batch.items {
            let expected = self.expected.get_mut(&item.lane).unwrap();
            assert_eq!(expected.first(), Some(&item.id), "out of order");
            expected.remove(0);
            let number = item.id.0.as_u128();
            let outcome = if number.is_multiple_of(refuses) {
                rejected()
            } else {
                stored()
            };
            told.push((number, outcome));
        }
        self.sender.answer(outcomes(&told));
        for item in batch.items.iter().rev() {
            let stored = self.sender.engine.item(item.id);
            // A refusal that the engine did not believe: it is sent once more, in its place.
            if stored.is_some_and(|stored| stored.fate == Fate::Pending) {
                let expected = self.expected.get_mut(&item.lane).unwrap();
                expected.insert(0, item.id);
            }
        }
    }

    fn drain(&mut self) {
        self.sender.confirm_all();
        self.hear();
        for _ in 0..200 {
            self.sender.confirm_all();
            if !self.is_waiting_for_an_answer() {
                if self.sender.engine.is_idle() {
                    break;
                }
                self.sender.wake();
                self.now = self.now.max(self.sender.now);
            }
            self.answer(u128::MAX);
        }
        assert!(self.sender.engine.is_idle());
        let left: usize = self.expected.values().map(Vec::len).sum();
        assert_eq!(left, 0);
        for (item, state) in self.sender.engine.items() {
            assert!(matches!(item.fate, Fate::Failed { .. }), "{state:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_later_is_stored_later(steps in proptest::collection::vec(step(), 1..80)) {
        let mut run = Run::new();
        for step in &steps {
            run.take(step);
        }
        run.drain();
    }
}

#[test]
fn what_a_dead_sender_had_not_put_right_is_put_right_by_the_next() {
    let mut run = Run::new();
    let write = Step::Write { tab: 0, stream: 0 };
    let refuse_the_first = Step::Answer { refuses: 1 };
    let steps = [
        write.clone(),
        Step::Hear,
        Step::Confirm,
        refuse_the_first,
        Step::Jump(1_000_000),
        Step::Retry(0),
        Step::Jump(-1_000_000),
        write.clone(),
        Step::Hear,
        Step::Confirm,
        write,
        Step::Hear,
        Step::Die,
    ];
    for step in &steps {
        run.take(step);
    }
    run.drain();
    assert_eq!(
        run.sender.state(3),
        Some(ItemState::Saved { position: None })
    );
}

/// A tab that takes over a slot reads what its predecessor wrote and leaves it to the sender, who may have changed it meanwhile.
#[test]
fn one_that_lets_go_of_what_it_read_writes_nothing_of_it() {
    let mut bench = Bench::new(EngineConfig::default());
    bench.enqueue(item(1, 7, None));
    bench.enqueue(item(2, 7, Some(1)));
    let mut snapshot = bench.snapshot();
    // The parent was sent again and stands behind its child, which was under way.
    for item in &mut snapshot.items {
        if item.id == id(1) {
            item.late_rank = Some(9_000_000);
            item.put_behind = Some(item.order + 1_000_000);
        }
    }
    let config = EngineConfig {
        leads: false,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(config, snapshot, 3);
    engine.handle(5, Input::Release(vec![id(1), id(2)]));
    let outputs: Vec<_> = std::iter::from_fn(|| engine.poll_output()).collect();
    assert_eq!(outputs, []);
    assert!(engine.is_idle());
}
