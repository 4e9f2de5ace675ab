//! Every cut and every flipped bit of every file: never a wrong entry, never an acknowledged one lost, nothing changed.

use std::fs;
use std::path::{Path, PathBuf};

use manent_domain::journal::JournalEntry;
use manent_domain::ports::Journal;

use super::samples::{Recorder, config, copy, entry, lane};
use crate::header::{self, FileKind};
use crate::recovery::{self, Recovered};
use crate::{Applied, FileJournal, JournalConfig, JournalOpenError};

/// A journal of three segments with settled, waiting and refused entries; the positions that wait.
async fn journal(config: &JournalConfig) -> Vec<u64> {
    let journal = FileJournal::open(config.clone()).await.unwrap();
    let recorder = Recorder::new(|call, entry| match call {
        _ if entry.lane == lane(2) => Applied::Failed(manent_domain::ports::StoreError::Busy {
            detail: "later".to_owned(),
        }),
        1 => Applied::Refused {
            code: "gap".to_owned(),
        },
        _ => Applied::Stored,
    });
    journal
        .append(vec![entry(1, 1), entry(1, 2), entry(1, 3)])
        .await
        .unwrap();
    journal.start_draining(recorder);
    while journal.has_pending(lane(1)) {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    for number in 4..8 {
        journal.append(vec![entry(2, number)]).await.unwrap();
    }
    assert_eq!(journal.status().refused, 1);
    journal.close().await;
    (4..8).collect()
}

fn entries(config: &JournalConfig, recovered: &Recovered) -> Vec<(u64, JournalEntry)> {
    let reader = crate::drain::Reader::new(&config.directory);
    let places: Vec<_> = recovered.waiting.iter().map(|(_, place)| *place).collect();
    let batches = reader.read(&places).unwrap();
    let positions = recovered.waiting.iter().map(|(position, _)| *position);
    positions
        .zip(batches)
        .map(|(position, mut batch)| (position, batch.entries.remove(0)))
        .collect()
}

/// Acceptable: everything acknowledged waits, unchanged, or the journal refuses and names a file of its own.
fn check(config: &JournalConfig, waiting: &[u64], what: &str) -> bool {
    match recovery::read(&config.directory) {
        Ok(recovered) => {
            let recovered = recovered.unwrap_or_else(|| panic!("{what}: taken for a new journal"));
            let read = entries(config, &recovered);
            for position in waiting {
                let found = read.iter().find(|(found, _)| found == position);
                let expected = (*position, entry(2, *position));
                assert_eq!(found, Some(&expected), "{what}");
            }
            assert!(recovered.refused.contains(&2), "{what}");
            for (position, found) in &read {
                let lane_number = if *position < 4 { 1 } else { 2 };
                assert_eq!(*found, entry(lane_number, *position), "{what}");
            }
            true
        }
        Err(JournalOpenError::Damaged { file, .. } | JournalOpenError::Newer { file, .. }) => {
            assert!(file.starts_with(&config.directory), "{what}");
            false
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension != "lock")
        })
        .collect();
    files.sort();
    files
}

pub(super) async fn prepared() -> (tempfile::TempDir, JournalConfig, Vec<u64>) {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.segment_bytes = 1_200;
    let waiting = journal(&config).await;
    (directory, config, waiting)
}

#[tokio::test]
async fn no_cut_of_an_acknowledged_file_goes_unnoticed() {
    let (_directory, config, waiting) = prepared().await;
    assert!(check(&config, &waiting, "whole"));
    let files = files(&config.directory);
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            let what = format!("{} cut at {length}", file.display());
            assert!(!check(&config, &waiting, &what), "{what}: went unnoticed");
        }
        fs::remove_file(&file).unwrap();
        let what = format!("{} removed", file.display());
        assert!(!check(&config, &waiting, &what), "{what}: went unnoticed");
        fs::write(&file, &whole).unwrap();
    }
}

#[tokio::test]
async fn no_flipped_bit_gives_a_wrong_entry_or_loses_one() {
    let (_directory, config, waiting) = prepared().await;
    for file in files(&config.directory) {
        let is_mark = file
            .extension()
            .is_some_and(|extension| extension == "mark");
        let whole = fs::read(&file).unwrap();
        for bit in 0..whole.len() * 8 {
            // Each bit of a record is flipped in the tests of records; here one of each byte, and all of the headers and of the mark,
            // which has nothing between its slots.
            let is_tried = match bit / 8 {
                0..62 => true,
                place if is_mark => matches!(place, 510..575 | 1_020..1_090),
                place => bit % 8 == place % 8,
            };
            if !is_tried {
                continue;
            }
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&file, &changed).unwrap();
            let what = format!("bit {bit} of {}", file.display());
            let is_read = check(&config, &waiting, &what);
            // The mark has two slots; elsewhere nothing may go unnoticed.
            assert!(is_mark || !is_read, "{what}: went unnoticed");
        }
        fs::write(&file, &whole).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_journal_is_refused_and_stays_as_it_is() {
    let (_directory, config, _) = prepared().await;
    let file = files(&config.directory).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[60] ^= 4;
    fs::write(&file, &bytes).unwrap();
    let before: Vec<Vec<u8>> = files(&config.directory)
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    let error = FileJournal::open(config.clone()).await.unwrap_err();
    assert!(matches!(error, JournalOpenError::Damaged { .. }));
    let text = error.to_string();
    assert!(text.contains(&file.display().to_string()), "{text}");
    assert!(text.contains("manent journal salvage"), "{text}");
    let after: Vec<Vec<u8>> = files(&config.directory)
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_newer_journal_is_refused_with_its_file_and_version() {
    let (_directory, config, _) = prepared().await;
    for file in files(&config.directory) {
        let kind = match file.file_name().unwrap().to_str().unwrap() {
            "journal.mark" => FileKind::Mark,
            "refused.journal" => FileKind::Refused,
            _ => FileKind::Segment,
        };
        let whole = fs::read(&file).unwrap();
        let mut changed = whole.clone();
        let first = header::decode(kind, &whole).unwrap();
        let newer = header::encode_version(kind, first, 3);
        changed[..newer.len()].copy_from_slice(&newer);
        fs::write(&file, &changed).unwrap();
        let error = FileJournal::open(config.clone()).await.unwrap_err();
        assert_eq!(
            error,
            JournalOpenError::Newer {
                file: file.clone(),
                found: 3,
                known: 2
            }
        );
        fs::write(&file, &whole).unwrap();
    }
}

/// An append that never finished may leave any part of itself behind the mark.
#[tokio::test]
async fn an_unfinished_append_is_cut_off_and_named() {
    let (directory, config, waiting) = prepared().await;
    let last = files(&config.directory)
        .into_iter()
        .rfind(|file| {
            file.extension()
                .is_some_and(|extension| extension == "segment")
        })
        .unwrap();
    let recovered = recovery::read(&config.directory).unwrap().unwrap();
    let position = recovered.segments.last().unwrap().end;
    let whole = fs::read(&last).unwrap();
    let batch = crate::stored::Batch {
        at: 5,
        entries: vec![entry(2, position)],
    };
    let mut append = whole.clone();
    let payload = batch.encode().unwrap();
    crate::frame::write(
        &mut append,
        crate::frame::FrameKind::Entries,
        1,
        position,
        &payload,
    );
    for length in whole.len()..=append.len() {
        let copied = JournalConfig {
            directory: directory.path().join(format!("copy-{length}")),
            ..config.clone()
        };
        copy(&config.directory, &copied.directory);
        fs::write(
            copied.directory.join(last.file_name().unwrap()),
            &append[..length],
        )
        .unwrap();
        let read = recovery::read(&copied.directory).unwrap().unwrap();
        let is_whole = length == append.len();
        let is_cut = !is_whole && length > whole.len();
        assert_eq!(read.tails.len(), usize::from(is_cut), "{length}");
        assert_eq!(
            read.waiting.len(),
            waiting.len() + usize::from(is_whole),
            "{length}"
        );
        if length % 16 == 0 || is_whole {
            let journal = FileJournal::open(copied.clone()).await.unwrap();
            let next = position + u64::from(is_whole);
            assert_eq!(journal.append(vec![entry(2, next)]).await, Ok(next));
            journal.close().await;
            let read = recovery::read(&copied.directory).unwrap().unwrap();
            assert_eq!(read.tails, [], "{length}");
            assert_eq!(
                entries(&copied, &read).last(),
                Some(&(next, entry(2, next)))
            );
        }
    }
}
