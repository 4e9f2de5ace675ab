//! Entries reach the store: in order, once it works, across restarts.

use std::time::Duration;

use manent_domain::journal::{JournalEntry, JournalLane};
use manent_domain::ports::Journal;
use manent_domain::ports::StoreError;

use super::samples::{Recorder, config, down, entry, lane};
use crate::{Applied, FileJournal};

/// Waits until nothing is left in the lanes.
async fn drained(journal: &FileJournal, lanes: impl IntoIterator<Item = JournalLane>) {
    for lane in lanes {
        while journal.has_pending(lane) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn drains_lanes_in_order_under_a_flaky_store() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.backoff = Duration::from_millis(1);
    config.backoff_cap = Duration::from_millis(2);
    config.open = Duration::from_millis(2);
    config.open_cap = Duration::from_millis(3);
    let journal = FileJournal::open(config).await.unwrap();
    let recorder = Recorder::new(|call, _| {
        if call % 3 == 0 || (20..40).contains(&call) {
            down()
        } else {
            Applied::Stored
        }
    });
    journal.start_draining(recorder.clone());
    let mut expected: Vec<Vec<JournalEntry>> = vec![Vec::new(); 5];
    for number in 0..100 {
        let lane_number = number % 5;
        let entry = entry(lane_number, number);
        expected[usize::try_from(lane_number).unwrap()].push(entry.clone());
        assert_eq!(journal.append(vec![entry]).await, Ok(number + 1));
    }
    drained(&journal, (0..5).map(lane)).await;
    let stored = recorder.by_lane();
    for (number, expected) in (0..).zip(&expected) {
        assert_eq!(stored.get(&lane(number)), Some(expected), "{number}");
    }
    assert!(recorder.calls() > 100);
    let metrics = journal.metrics();
    assert_eq!((metrics.appended, metrics.drained), (100, 100));
    assert_eq!(metrics.oldest_age, None);
    assert!(metrics.failed_rounds > 0);
    journal.close().await;
}

#[tokio::test]
async fn what_waits_is_there_after_a_restart_and_positions_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let entries: Vec<JournalEntry> = (0..50).map(|number| entry(number % 3, number)).collect();
    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    assert_eq!(journal.append(entries[..20].to_vec()).await, Ok(20));
    for entry in &entries[20..] {
        journal.append(vec![entry.clone()]).await.unwrap();
    }
    assert_eq!(journal.status().pending, 50);
    journal.close().await;
    assert!(journal.append(vec![entries[0].clone()]).await.is_err());
    assert!(!journal.status().is_writable);

    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    assert_eq!(journal.status().pending, 50);
    assert!(journal.has_pending(lane(2)));
    assert!(!journal.has_pending(lane(3)));
    let recorder = Recorder::willing();
    journal.start_draining(recorder.clone());
    recorder.wait_for(50).await;
    drained(&journal, (0..3).map(lane)).await;
    let stored = recorder.by_lane();
    for number in 0..3 {
        let expected: Vec<JournalEntry> = entries
            .iter()
            .filter(|entry| entry.lane == lane(number))
            .cloned()
            .collect();
        assert_eq!(stored[&lane(number)], expected);
    }
    journal.close().await;

    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    let status = journal.status();
    assert_eq!((status.pending, status.refused), (0, 0));
    // Nothing but an empty segment is left.
    assert_eq!(status.bytes, 36);
    assert_eq!(journal.append(vec![entry(1, 99)]).await, Ok(51));
    journal.close().await;
}

#[tokio::test]
async fn an_entry_that_can_never_be_stored_is_kept_aside_and_its_lane_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    let bad = entry(1, 1);
    let refused = bad.clone();
    let recorder = Recorder::new(move |_, entry| {
        if *entry == refused {
            Applied::Refused {
                code: "parent_unknown".to_owned(),
            }
        } else {
            Applied::Stored
        }
    });
    let entries = vec![entry(1, 0), bad, entry(1, 2), entry(2, 3)];
    journal.append(entries.clone()).await.unwrap();
    journal.start_draining(recorder.clone());
    recorder.wait_for(3).await;
    drained(&journal, [lane(1), lane(2)]).await;
    assert_eq!(
        recorder.by_lane()[&lane(1)],
        [entries[0].clone(), entries[2].clone()]
    );
    assert_eq!(journal.status().refused, 1);
    assert_eq!(journal.metrics().drained, 3);
    journal.close().await;

    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    let status = journal.status();
    assert_eq!((status.pending, status.refused), (0, 1));
    journal.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_asked_ever_less_often_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    journal.append(vec![entry(1, 1)]).await.unwrap();
    let began = tokio::time::Instant::now();
    let minute = Duration::from_mins(1);
    let recorder = Recorder::new(move |_, _| {
        if began.elapsed() < minute {
            down()
        } else {
            Applied::Stored
        }
    });
    journal.start_draining(recorder.clone());
    recorder.wait_for(1).await;
    assert!(began.elapsed() >= minute);
    // The longest open time, and what paused time adds while files are read.
    assert!(began.elapsed() < minute + Duration::from_secs(11));
    assert!((5..40).contains(&recorder.calls()), "{}", recorder.calls());
    journal.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_its_parent_only_so_long_and_holds_up_no_other_lane() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.parent_wait = Duration::ZERO;
    let journal = FileJournal::open(config).await.unwrap();
    let recorder = Recorder::new(|_, entry| {
        if entry.lane == lane(1) {
            Applied::ParentMissing
        } else {
            Applied::Stored
        }
    });
    journal
        .append(vec![entry(1, 1), entry(2, 2), entry(3, 3)])
        .await
        .unwrap();
    journal.start_draining(recorder.clone());
    drained(&journal, [lane(1), lane(2), lane(3)]).await;
    assert_eq!(recorder.stored().len(), 2);
    assert_eq!(journal.status().refused, 1);
    journal.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_adapter_cannot_digest_is_kept_aside_at_last() {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::open(config(directory.path())).await.unwrap();
    let recorder = Recorder::new(|_, entry| {
        if entry.lane == lane(1) {
            Applied::Failed(StoreError::Internal {
                detail: "no such column".to_owned(),
            })
        } else {
            Applied::Stored
        }
    });
    journal
        .append(vec![entry(1, 1), entry(2, 2)])
        .await
        .unwrap();
    journal.start_draining(recorder.clone());
    drained(&journal, [lane(1), lane(2)]).await;
    assert_eq!(recorder.stored().len(), 1);
    assert_eq!(recorder.calls(), 21);
    assert_eq!(journal.status().refused, 1);
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_that_wait_together_share_their_syncs() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.max_bytes = 64 * 1024 * 1024;
    config.segment_bytes = 16 * 1024 * 1024;
    let journal = FileJournal::open(config).await.unwrap();
    let mut appends = tokio::task::JoinSet::new();
    for lane_number in 0..32 {
        let journal = journal.clone();
        appends.spawn(async move {
            for number in 0..20 {
                journal
                    .append(vec![entry(lane_number, number)])
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(done) = appends.join_next().await {
        done.unwrap();
    }
    let metrics = journal.metrics();
    assert_eq!(metrics.appended, 640);
    assert!(metrics.syncs < 320, "{}", metrics.syncs);
    let recorder = Recorder::willing();
    journal.start_draining(recorder.clone());
    recorder.wait_for(640).await;
    drained(&journal, (0..32).map(lane)).await;
    for number in 0..32 {
        let expected: Vec<JournalEntry> = (0..20).map(|place| entry(number, place)).collect();
        assert_eq!(recorder.by_lane()[&lane(number)], expected);
    }
    journal.close().await;
}
