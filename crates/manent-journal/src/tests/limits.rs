//! Full, unwritable, locked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use manent_domain::ports::{Journal, JournalError};

use super::samples::{Recorder, config, entry, lane};
use crate::{FileJournal, JournalOpenError, recovery};

#[tokio::test]
async fn a_full_journal_takes_nothing_half_and_takes_again_when_it_is_drained() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.max_bytes = 20_000;
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let mut taken: u64 = 0;
    let error = loop {
        let batch = vec![entry(1, taken), entry(1, taken + 1)];
        match journal.append(batch).await {
            Ok(position) => {
                taken += 2;
                assert_eq!(position, taken);
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(taken > 20);
    let status = journal.status();
    assert_eq!(status.pending, taken);
    assert!(!status.is_writable);
    assert!(status.bytes <= config.max_bytes);
    // No refused batch left anything in its lane.
    let journal_files = recovery::read(&config.directory).unwrap().unwrap();
    assert_eq!(journal_files.waiting.len() as u64, taken);
    assert_eq!(journal_files.tails, []);

    let recorder = Recorder::willing();
    journal.start_draining(recorder.clone());
    recorder.wait_for(usize::try_from(taken).unwrap()).await;
    while !journal.status().is_writable {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.append(vec![entry(1, taken)]).await, Ok(taken + 1));
    journal.close().await;
}

#[tokio::test]
async fn a_batch_larger_than_the_journal_is_refused_and_leaves_no_lane_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.max_bytes = 2_000;
    let journal = FileJournal::open(config).await.unwrap();
    let batch = (0..100).map(|number| entry(1, number)).collect();
    let error = journal.append(batch).await.unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }));
    assert!(!journal.has_pending(lane(1)));
    assert!(journal.status().is_writable);
    assert_eq!(journal.append(vec![entry(2, 1)]).await, Ok(1));
    journal.close().await;
}

#[tokio::test]
async fn two_cannot_use_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let error = FileJournal::open(config.clone()).await.unwrap_err();
    assert_eq!(
        error,
        JournalOpenError::Locked {
            path: config.directory.clone()
        }
    );
    journal.close().await;
    FileJournal::open(config).await.unwrap().close().await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    fs::write(&config.directory, "a file").unwrap();
    let error = FileJournal::open(config.clone()).await.unwrap_err();
    assert!(
        matches!(error, JournalOpenError::Directory { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("journal"), "{error}");
}

/// A device that is always full stands in for the segment: every write fails as on a full disk.
#[tokio::test]
async fn a_full_disk_is_told_and_what_was_taken_stays_readable() {
    let full = std::path::Path::new("/dev/full");
    if fs::metadata(full).is_err() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let journal = FileJournal::open(config.clone()).await.unwrap();
    journal.append(vec![entry(1, 0)]).await.unwrap();
    // Every further segment is the full device.
    let next = crate::directory::segment_path(&config.directory, 2);
    std::os::unix::fs::symlink(full, &next).unwrap();
    let large: Vec<_> = (1..60).map(|number| entry(2, number)).collect();
    let error = journal.append(large).await.unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(!journal.has_pending(lane(2)));
    assert_eq!(journal.append(vec![entry(1, 1)]).await, Ok(2));
    journal.close().await;
    fs::remove_file(&next).unwrap();
    let journal = FileJournal::open(config).await.unwrap();
    assert_eq!(journal.status().pending, 2);
    journal.close().await;
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let journal = FileJournal::open(config.clone()).await.unwrap();
    journal.append(vec![entry(1, 0)]).await.unwrap();
    journal.close().await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&config.directory), 0o700);
    for file in fs::read_dir(&config.directory).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}
