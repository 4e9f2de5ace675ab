//! Random appends, drains and crashes.

use std::collections::BTreeMap;

use manent_domain::journal::JournalEntry;
use manent_domain::ports::Journal;
use proptest::prelude::*;

use super::samples::{Recorder, config, copy, entry, lane};
use crate::{FileJournal, JournalConfig};

#[derive(Debug, Clone)]
enum Step {
    /// So many entries of this lane in one batch.
    Append(u64, u64),
    /// Everything is drained.
    Drain,
    /// The process dies: the files stay as they are at this moment.
    Crash,
    /// The process ends in order.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..4_u64, 1..5_u64).prop_map(|(lane, count)| Step::Append(lane, count)),
        1 => Just(Step::Drain),
        1 => Just(Step::Crash),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

/// What must be in the journal, and what the store has.
#[derive(Default)]
struct Model {
    /// Acknowledged and not known to be stored, by position.
    waiting: BTreeMap<u64, JournalEntry>,
    number: u64,
    copies: u64,
}

async fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let mut config = JournalConfig {
        segment_bytes: 1_500,
        ..config(directory.path())
    };
    let mut model = Model::default();
    let mut journal = FileJournal::open(config.clone()).await.unwrap();
    for step in steps {
        match step {
            Step::Append(lane_number, count) => {
                let entries: Vec<JournalEntry> = (0..count)
                    .map(|offset| entry(lane_number, model.number + offset))
                    .collect();
                let last = journal.append(entries.clone()).await.unwrap();
                model.number += count;
                model.waiting.extend((last + 1 - count..).zip(entries));
            }
            Step::Drain => {
                journal = drain(journal, &config, &mut model).await;
            }
            Step::Crash => {
                // A copy of the files is what a killed process leaves behind.
                model.copies += 1;
                let crashed = JournalConfig {
                    directory: directory.path().join(format!("crashed-{}", model.copies)),
                    ..config.clone()
                };
                copy(&config.directory, &crashed.directory);
                journal.close().await;
                config = crashed;
                journal = FileJournal::open(config.clone()).await.unwrap();
            }
            Step::Restart => {
                journal.close().await;
                journal = FileJournal::open(config.clone()).await.unwrap();
            }
        }
        let status = journal.status();
        assert_eq!(status.pending, model.waiting.len() as u64);
        for number in 0..4 {
            let waits = model
                .waiting
                .values()
                .any(|entry| entry.lane == lane(number));
            assert_eq!(journal.has_pending(lane(number)), waits);
        }
    }
    let journal = drain(journal, &config, &mut model).await;
    journal.close().await;
}

/// Drains, checks what came, and crashes right behind it: what was settled may not come again out of order.
async fn drain(journal: FileJournal, config: &JournalConfig, model: &mut Model) -> FileJournal {
    let recorder = Recorder::willing();
    journal.start_draining(recorder.clone());
    let waiting = std::mem::take(&mut model.waiting);
    recorder.wait_for(waiting.len()).await;
    while (0..4).any(|number| journal.has_pending(lane(number))) {
        tokio::task::yield_now().await;
    }
    for number in 0..4 {
        let expected: Vec<JournalEntry> = waiting
            .values()
            .filter(|entry| entry.lane == lane(number))
            .cloned()
            .collect();
        let stored = recorder.by_lane().remove(&lane(number)).unwrap_or_default();
        assert_eq!(stored, expected);
    }
    journal.close().await;
    FileJournal::open(config.clone()).await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_reaches_the_store_in_order(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
