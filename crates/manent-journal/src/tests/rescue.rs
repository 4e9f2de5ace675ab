//! Looking at a journal and saving what is left of a damaged one.

use std::fs;

use manent_domain::journal::JournalEntry;
use manent_domain::ports::Journal;
use manent_types::Timestamp;
use uuid::Uuid;

use super::damage::{files, prepared};
use super::samples::{Recorder, config, entry, lane};
use crate::{
    Applied, FileJournal, JournalConfig, JournalReport, LaneReport, RefusedError, RefusedReport,
    SalvageError, inspect, retry_refused, salvage, set_refused_aside,
};

/// Opens a journal and drains it: what it held.
async fn contents(config: &JournalConfig, count: usize) -> Vec<JournalEntry> {
    let journal = FileJournal::open(config.clone()).await.unwrap();
    assert_eq!(journal.status().pending, count as u64);
    let recorder = Recorder::willing();
    journal.start_draining(recorder.clone());
    recorder.wait_for(count).await;
    while journal.status().pending > 0 {
        tokio::task::yield_now().await;
    }
    journal.close().await;
    recorder.stored()
}

#[tokio::test]
async fn inspection_tells_counts_and_ages_and_changes_nothing() {
    let (_directory, config, _) = prepared().await;
    let time = Timestamp::from_millisecond(1_700_000_000_000).ok();
    let report = inspect(&config.directory).unwrap().unwrap();
    let bytes: u64 = files(&config.directory)
        .iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension != "mark")
        })
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    let expected = JournalReport {
        is_held: false,
        bytes,
        segments: 2,
        waiting: 4,
        waiting_by_kind: [("append", 4)].into(),
        lanes: vec![LaneReport {
            lane: Uuid::from_u128(2),
            waiting: 4,
            oldest_at: time,
        }],
        oldest_at: time,
        refused: vec![RefusedReport {
            position: 2,
            code: "gap".to_owned(),
            kind: "append",
            lane: Uuid::from_u128(1),
            journalled_at: time,
            refused_at: time,
        }],
        unfinished_bytes: 0,
    };
    assert_eq!(report, expected);
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let held = inspect(&config.directory).unwrap().unwrap();
    assert_eq!(
        held,
        JournalReport {
            is_held: true,
            ..expected
        }
    );
    journal.close().await;
}

#[test]
fn there_is_nothing_to_inspect_or_save_where_there_is_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("journal");
    assert_eq!(inspect(&missing), Ok(None));
    let target = directory.path().join("saved");
    assert!(salvage(&missing, &target).is_err());
    assert_eq!(
        salvage(directory.path(), &target),
        Err(SalvageError::Nothing {
            path: directory.path().to_owned()
        })
    );
    assert!(!target.exists());
}

#[tokio::test]
async fn everything_around_a_damaged_record_is_saved_in_order() {
    let (directory, config, waiting) = prepared().await;
    let damaged = files(&config.directory).remove(0);
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[80] ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    assert!(FileJournal::open(config.clone()).await.is_err());

    let target = JournalConfig {
        directory: directory.path().join("saved"),
        ..config.clone()
    };
    let report = salvage(&config.directory, &target.directory).unwrap();
    assert_eq!((report.saved, report.refused), (3, 1));
    let places: Vec<(u64, &str)> = report
        .left_out
        .iter()
        .map(|left_out| (left_out.offset, left_out.what.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (36, "a record's checksum is wrong"),
            (0, "the entries 4 to 4 are in no readable record")
        ]
    );
    assert_eq!(fs::read(&damaged).unwrap(), bytes);
    let saved = contents(&target, 3).await;
    let expected: Vec<JournalEntry> = waiting[1..]
        .iter()
        .map(|number| entry(2, *number))
        .collect();
    assert_eq!(saved, expected);
    assert_eq!(
        salvage(&config.directory, &target.directory),
        Err(SalvageError::TargetExists {
            path: target.directory.clone()
        })
    );
}

#[tokio::test]
async fn a_whole_journal_is_saved_as_it_is_and_a_held_one_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let entries: Vec<JournalEntry> = (0..30).map(|number| entry(1, number)).collect();
    for batch in entries.chunks(3) {
        journal.append(batch.to_vec()).await.unwrap();
    }
    let target = JournalConfig {
        directory: directory.path().join("saved"),
        ..config.clone()
    };
    assert_eq!(
        salvage(&config.directory, &target.directory),
        Err(SalvageError::Held {
            path: config.directory.clone()
        })
    );
    journal.close().await;
    let report = salvage(&config.directory, &target.directory).unwrap();
    assert_eq!((report.saved, report.left_out), (30, Vec::new()));
    assert_eq!(contents(&target, 30).await, entries);
    // Numbers go on behind everything that was ever used.
    let journal = FileJournal::open(target).await.unwrap();
    assert_eq!(journal.append(vec![entry(1, 99)]).await, Ok(61));
    assert!(journal.has_pending(lane(1)));
    journal.close().await;
}

#[tokio::test]
async fn refused_entries_are_tried_again_or_set_aside_when_somebody_says_so() {
    let (directory, config, waiting) = prepared().await;
    assert_eq!(retry_refused(&config.directory), Ok(1));
    let report = inspect(&config.directory).unwrap().unwrap();
    assert_eq!((report.waiting, report.refused.len()), (5, 0));
    let nothing = Err(RefusedError::Nothing {
        path: config.directory.clone(),
    });
    assert_eq!(retry_refused(&config.directory), nothing);

    // The one that was refused comes last now, and is refused again.
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let recorder = Recorder::new(|_, entry| {
        if entry.lane == lane(1) {
            Applied::Refused {
                code: "gap".to_owned(),
            }
        } else {
            Applied::Stored
        }
    });
    journal.start_draining(recorder.clone());
    while journal.status().pending > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(recorder.stored().len(), waiting.len());
    assert_eq!(journal.status().refused, 1);
    let file = directory.path().join("aside");
    assert!(matches!(
        set_refused_aside(&config.directory, &file),
        Err(RefusedError::Open(_))
    ));
    journal.close().await;

    fs::write(&file, "something").unwrap();
    assert_eq!(
        set_refused_aside(&config.directory, &file),
        Err(RefusedError::Exists { path: file.clone() })
    );
    fs::remove_file(&file).unwrap();
    let kept = fs::read(config.directory.join("refused.journal")).unwrap();
    assert_eq!(set_refused_aside(&config.directory, &file), Ok(1));
    assert_eq!(fs::read(&file).unwrap(), kept);
    let report = inspect(&config.directory).unwrap().unwrap();
    assert_eq!((report.waiting, report.refused.len()), (0, 0));
    assert_eq!(set_refused_aside(&config.directory, &file), nothing);
    // The file is readable for a rescue later.
    let target = directory.path().join("later");
    assert_eq!(salvage(&file, &target).unwrap().refused, 1);
}
