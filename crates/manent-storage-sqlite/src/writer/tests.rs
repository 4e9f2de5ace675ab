//! What the writer promises, with groups made on purpose: a job that waits for a gate holds the writer while others queue up.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures_util::future::join_all;
use manent_domain::conversation::NewConversation;
use manent_domain::feed::{Change, Changed};
use manent_domain::ports::{Signal, SignalListener, StoreError};
use manent_types::{ConversationId, Timestamp, UserId};
use rusqlite::params;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use uuid::Uuid;

use crate::config::SqliteConfig;
use crate::error::Error;
use crate::open::{Opened, open};
use crate::writer::Unit;
use crate::{conversations, feed};

fn opened(change: impl FnOnce(&mut SqliteConfig)) -> (Opened, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut config = SqliteConfig::new(directory.path());
    change(&mut config);
    (open(config).unwrap(), directory)
}

fn insert(unit: &mut Unit<'_>, number: i64) -> Result<i64, StoreError> {
    unit.connection
        .prepare_cached("INSERT INTO users (id, created_at) VALUES (?1, 0)")
        .and_then(|mut statement| statement.insert(params![number.to_string()]))
        .map_err(|error| Error::from(error).into())
}

async fn numbers(opened: &Opened) -> Vec<i64> {
    opened
        .reads
        .run(|connection| {
            let mut statement = connection.prepare("SELECT CAST(id AS INTEGER) FROM users")?;
            let found = statement.query_map([], |row| row.get(0))?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .map(|mut numbers: Vec<i64>| {
            numbers.sort_unstable();
            numbers
        })
        .unwrap()
}

/// Holds the writer until the sender is used or dropped.
async fn hold(opened: &Opened, gate: mpsc::Receiver<()>) -> Result<(), StoreError> {
    opened
        .writes
        .run(0, move |_| {
            // An error means that the gate is open for good.
            let _ = gate.recv();
            Ok(())
        })
        .await
}

/// Queues the writes while the writer is at work on another one, then lets it go on; answers the results in order.
async fn write_together<W>(opened: &Opened, writes: Vec<W>) -> Vec<Result<i64, StoreError>>
where
    W: FnMut(&mut Unit<'_>) -> Result<i64, StoreError> + Send + 'static,
{
    let (begin, entered) = oneshot::channel();
    let (open_gate, gate) = mpsc::channel::<()>();
    let mut begin = Some(begin);
    let holding = opened.writes.run(0, move |_| {
        // From here on its group is closed.
        let _ = begin.take().map(|begin| begin.send(()));
        let _ = gate.recv();
        Ok(())
    });
    let (held, results) = tokio::join!(holding, async {
        entered.await.unwrap();
        let all = join_all(writes.into_iter().map(|write| opened.writes.run(0, write)));
        // Without a budget, which would end before all of them are queued.
        let (results, ()) = tokio::join!(unconstrained(all), async { drop(open_gate) });
        results
    });
    held.unwrap();
    results
}

#[tokio::test]
async fn all_that_wait_share_one_commit() {
    let (opened, _directory) = opened(|_| ());
    let writes = (0..100)
        .map(|number| move |unit: &mut Unit<'_>| insert(unit, number))
        .collect();
    let results = write_together(&opened, writes).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(numbers(&opened).await, (0..100).collect::<Vec<_>>());
    let metrics = opened.counters.snapshot();
    assert_eq!(metrics.commits, 2, "{metrics:?}");
    assert_eq!(metrics.jobs, 101);
    assert_eq!(metrics.largest_group, 100, "{metrics:?}");
}

#[tokio::test]
async fn a_group_has_its_bounds() {
    let (opened, _directory) = opened(|config| config.group_jobs = 10);
    let writes = (0..100)
        .map(|number| move |unit: &mut Unit<'_>| insert(unit, number))
        .collect();
    write_together(&opened, writes).await;
    let metrics = opened.counters.snapshot();
    assert_eq!(metrics.largest_group, 10);
    assert!(metrics.commits >= 10, "{metrics:?}");
}

#[tokio::test]
async fn a_failing_job_leaves_the_others_of_its_group_stored() {
    let (opened, _directory) = opened(|_| ());
    let writes = (0..10)
        .map(|number| {
            move |unit: &mut Unit<'_>| {
                let pk = insert(unit, number)?;
                if number % 3 == 1 {
                    return Err(StoreError::Internal {
                        detail: format!("number {number}"),
                    });
                }
                Ok(pk)
            }
        })
        .collect();
    let results = write_together(&opened, writes).await;
    for (result, number) in results.iter().zip(0..) {
        if number % 3 == 1 {
            let detail = format!("number {number}");
            assert_eq!(*result, Err(StoreError::Internal { detail }));
        } else {
            assert!(result.is_ok(), "{result:?}");
        }
    }
    assert_eq!(numbers(&opened).await, [0, 2, 3, 5, 6, 8, 9]);
    assert_eq!(opened.counters.snapshot().failed_jobs, 3);
}

#[tokio::test]
async fn a_statement_that_fails_takes_only_its_own_job_back() {
    let (opened, _directory) = opened(|_| ());
    let writes = [1, 2, 1, 3]
        .map(|number| {
            move |unit: &mut Unit<'_>| insert(unit, number + 10).and_then(|_| insert(unit, number))
        })
        .into_iter()
        .collect();
    let results = write_together(&opened, writes).await;
    let is_ok: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, true, false, true]);
    assert_eq!(numbers(&opened).await, [1, 2, 3, 11, 12, 13]);
}

#[tokio::test]
async fn a_panicking_job_is_rolled_back_and_the_writer_goes_on() {
    let (opened, _directory) = opened(|_| ());
    let writes = (0..3)
        .map(|number| {
            move |unit: &mut Unit<'_>| {
                let pk = insert(unit, number)?;
                assert!(number != 1, "on purpose");
                Ok(pk)
            }
        })
        .collect();
    let results = write_together(&opened, writes).await;
    assert!(matches!(results[1], Err(StoreError::Internal { .. })));
    assert_eq!(numbers(&opened).await, [0, 2]);
    assert!(opened.writes.run(0, |unit| insert(unit, 4)).await.is_ok());
}

#[tokio::test]
async fn a_full_queue_answers_busy_after_its_wait() {
    let (opened, _directory) = opened(|config| {
        config.queue_bytes = 8_192;
        config.queue_wait = Duration::from_millis(1);
    });
    let (open_gate, gate) = mpsc::channel();
    let (held, waiting, refused) = tokio::join!(
        hold(&opened, gate),
        opened.writes.run(0, |unit| insert(unit, 1)),
        async {
            let refused = opened.writes.run(0, |unit| insert(unit, 2)).await;
            drop(open_gate);
            refused
        },
    );
    assert!(held.is_ok() && waiting.is_ok());
    let detail = "the queue of writes is full".to_owned();
    assert_eq!(refused, Err(StoreError::Busy { detail }));
    assert!(
        opened
            .writes
            .run(1 << 30, |unit| insert(unit, 3))
            .await
            .is_ok(),
        "a job larger than the queue takes all of it"
    );
    assert_eq!(numbers(&opened).await, [1, 3]);
}

#[tokio::test]
async fn closing_finishes_what_waits_and_refuses_the_rest() {
    let (opened, directory) = opened(|_| ());
    let (open_gate, gate) = mpsc::channel();
    let (held, waiting, (), ()) = tokio::join!(
        hold(&opened, gate),
        join_all((0..5).map(|number| opened.writes.run(0, move |unit| insert(unit, number)))),
        async {
            opened.reads.close();
            opened.writes.close().await;
        },
        async { drop(open_gate) },
    );
    assert!(held.is_ok());
    assert!(waiting.iter().all(Result::is_ok), "{waiting:?}");
    let closed = StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    };
    let late = opened.writes.run(0, |unit| insert(unit, 9)).await;
    assert_eq!(late, Err(closed.clone()));
    let read = opened.reads.run(|_| Ok(())).await;
    assert_eq!(read, Err(closed));
    let again = open(SqliteConfig::new(directory.path())).unwrap();
    assert_eq!(numbers(&again).await, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_stored_all_the_same() {
    let (opened, _directory) = opened(|_| ());
    let (open_gate, gate) = mpsc::channel();
    let gone = async {
        tokio::select! {
            biased;
            _ = opened.writes.run(0, |unit| insert(unit, 1)) => {}
            () = async {} => {}
        }
    };
    let (held, (), ()) = tokio::join!(hold(&opened, gate), gone, async { drop(open_gate) });
    held.unwrap();
    opened.writes.run(0, |unit| insert(unit, 2)).await.unwrap();
    assert_eq!(numbers(&opened).await, [1, 2]);
}

#[tokio::test]
async fn the_log_stays_within_its_limit() {
    let (opened, _directory) = opened(|config| {
        // Never due for the thread, so that only the limit is left.
        config.checkpoint_pages = 1_000_000;
        config.log_limit_pages = 50;
    });
    for number in 0..200 {
        opened
            .writes
            .run(0, move |unit| insert(unit, number))
            .await
            .unwrap();
        let pages = opened.counters.snapshot().log_pages;
        assert!(pages < 50 + 20, "{pages} pages after {number}");
    }
    assert!(opened.counters.snapshot().writer_checkpoints > 0);
    assert_eq!(numbers(&opened).await.len(), 200);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_answered_as_stored_when_the_files_are_gone() {
    for name in ["manent.db", "manent.db-wal"] {
        let (opened, directory) = opened(|_| ());
        opened.writes.run(0, |unit| insert(unit, 1)).await.unwrap();
        let (path, away) = (directory.path().join(name), directory.path().join("away"));
        std::fs::rename(&path, &away).unwrap();
        for probed in [
            opened.writes.run(0, |unit| insert(unit, 2)).await,
            opened.writes.run(0, |_| Ok(0)).await,
        ] {
            assert!(
                matches!(&probed, Err(StoreError::Unavailable { detail }) if detail.contains(name)),
                "{name}: {probed:?}"
            );
        }
        std::fs::rename(&away, &path).unwrap();
        opened.writes.run(0, |unit| insert(unit, 3)).await.unwrap();
        assert_eq!(numbers(&opened).await, [1, 3]);
    }
}

/// A listener that notes what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<Signal>>);

impl SignalListener for Told {
    fn signal(&self, signal: Signal) {
        self.0.lock().unwrap().push(signal);
    }
}

impl Told {
    fn take(&self) -> Vec<Signal> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn owner(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

/// A new conversation of the owner's, and then perhaps a failure.
fn create(unit: &mut Unit<'_>, whose: u128, number: u128, fails: bool) -> Result<i64, StoreError> {
    let new = NewConversation::new(ConversationId::new(Uuid::from_u128(number)));
    let now = Timestamp::from_millisecond(1_000).unwrap();
    conversations::create(unit, owner(whose), &new, "{}", now)?;
    if fails {
        return Err(StoreError::Internal {
            detail: "on purpose".to_owned(),
        });
    }
    Ok(0)
}

/// The numbers of the owner's feed with what they name, and its newest number.
async fn feed_of(opened: &Opened, whose: u128) -> (Vec<(u64, u128)>, u64) {
    let page = opened
        .reads
        .run_in_snapshot(move |connection| feed::read(connection, owner(whose), 0, 1_000))
        .await
        .unwrap();
    let entry = |change: &Change| match &change.changed {
        Changed::Conversation(found) => (change.seq, found.id.as_uuid().as_u128()),
        other => panic!("{other:?}"),
    };
    (page.changes.iter().map(entry).collect(), page.head)
}

#[tokio::test]
async fn a_job_that_is_taken_back_leaves_no_hole_in_the_feeds() {
    let told = Arc::new(Told::default());
    let listener = Arc::clone(&told);
    let (opened, _directory) = opened(|config| config.signals = listener);
    for group in [0, 100] {
        // An owner with others, one of whom nothing is left, and one with all.
        let writes = (1..=9_u128)
            .map(|number| {
                let whose = number % 3;
                let fails = number == 3 || whose == 1;
                move |unit: &mut Unit<'_>| create(unit, whose, group + number, fails)
            })
            .collect();
        let results = write_together(&opened, writes).await;
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert_eq!(failed, 4, "{results:?}");
        assert_eq!(
            told.take(),
            [Signal::Feed(owner(2)), Signal::Feed(owner(0))],
            "once for each whose feed went on"
        );
    }
    let feed = |entries: &[u128]| {
        let numbered: Vec<_> = (1..).zip(entries.iter().copied()).collect();
        let head = numbered.len() as u64;
        (numbered, head)
    };
    assert_eq!(feed_of(&opened, 0).await, feed(&[6, 9, 106, 109]));
    assert_eq!(feed_of(&opened, 1).await, feed(&[]));
    assert_eq!(feed_of(&opened, 2).await, feed(&[2, 5, 8, 102, 105, 108]));
}

#[tokio::test]
async fn signals_are_told_before_the_callers_are_answered_and_never_of_what_failed() {
    let told = Arc::new(Told::default());
    let listener = Arc::clone(&told);
    let (opened, _directory) = opened(|config| config.signals = listener);
    let stored = opened.writes.run(0, |unit| create(unit, 1, 1, false)).await;
    assert!(stored.is_ok());
    assert_eq!(told.take(), [Signal::Feed(owner(1))]);
    let failed = opened.writes.run(0, |unit| create(unit, 1, 2, true)).await;
    assert!(failed.is_err());
    let again = opened.writes.run(0, |unit| create(unit, 1, 1, false)).await;
    assert!(again.is_ok());
    assert_eq!(
        told.take(),
        [],
        "neither for nothing nor for what was there"
    );
}

/// A listener that breaks its promise.
struct Panicking;

impl SignalListener for Panicking {
    fn signal(&self, _: Signal) {
        panic!("on purpose");
    }
}

#[tokio::test]
async fn a_listener_that_panics_stops_nobody() {
    let (opened, _directory) = opened(|config| config.signals = Arc::new(Panicking));
    for number in 1..=2 {
        let stored = opened
            .writes
            .run(0, move |unit| create(unit, 1, number, false));
        assert!(stored.await.is_ok());
    }
    assert_eq!(feed_of(&opened, 1).await, (vec![(1, 1), (2, 2)], 2));
}
