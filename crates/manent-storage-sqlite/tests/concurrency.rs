//! Many at once, on several threads.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;

use manent_domain::append::Outcome;
use manent_domain::feed::Changed;
use manent_domain::ports::FeedRepository;
use manent_storage_memory::conformance::person::{
    Person, conversation, message, plain, said, sequenced,
};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use manent_types::{MessageId, UserId};

const DEVICES: u64 = 8;
const MESSAGES: u64 = 40;

fn number(device: u64, device_seq: u64) -> u128 {
    u128::from(device * 1_000 + device_seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn devices_that_write_at_the_same_time_share_one_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    Person::with_conversation(&store, conversation(1)).await;
    let tasks: Vec<_> = (0..DEVICES)
        .map(|device| {
            let store = store.clone();
            tokio::spawn(async move {
                let person = Person::new(&store, 1);
                for device_seq in 1..=MESSAGES {
                    let item = || {
                        let message = said(message(number(device, device_seq)), "words");
                        sequenced(
                            &format!("device-{device}"),
                            device_seq,
                            conversation(1),
                            message,
                        )
                    };
                    // As a client whose answer was lost, and as a server that stores the same message on its own.
                    let copy = plain(
                        conversation(1),
                        said(message(number(device, device_seq)), "words"),
                    );
                    let (first, again, copied) = tokio::join!(
                        person.append_one(item()),
                        person.append_one(item()),
                        person.append_one(copy),
                    );
                    let places = [first, again, copied].map(|outcome| match outcome {
                        Outcome::Stored { seq } | Outcome::Duplicate { seq } => seq,
                        other => unreachable!("{other:?}"),
                    });
                    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let person = Person::new(&store, 1);
    let messages = person.messages(conversation(1)).await;
    assert_eq!(messages.len() as u64, DEVICES * MESSAGES);
    let places: HashMap<_, _> = messages
        .iter()
        .zip(1..)
        .map(|(message, seq)| {
            assert_eq!(message.seq, seq, "places have no holes");
            (message.id, seq)
        })
        .collect();
    for device in 0..DEVICES {
        let order: Vec<_> = (1..=MESSAGES)
            .map(|device_seq| places[&message(number(device, device_seq))])
            .collect();
        assert!(order.is_sorted(), "a lane keeps its order: {order:?}");
    }
    let metrics = store.metrics();
    assert!(
        metrics.commits < metrics.jobs,
        "some commits were shared: {metrics:?}"
    );
    store.close().await;
}

/// Reads the feed in small pages until its end; answers the newest number and the message that each entry names.
async fn follow(store: &SqliteStore, owner: UserId, after: u64) -> Vec<(u64, Option<MessageId>)> {
    let mut seen = Vec::new();
    let mut cursor = after;
    loop {
        let page = store.read_feed(owner, cursor, 7).await.unwrap();
        if page.changes.is_empty() {
            assert_eq!(page.head, cursor, "the page and the head are of one moment");
            return seen;
        }
        for change in page.changes {
            assert_eq!(change.seq, cursor + 1, "no number is left out");
            cursor = change.seq;
            seen.push(match change.changed {
                Changed::Message(message) => (change.seq, Some(message.id)),
                _ => (change.seq, None),
            });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_follows_the_feed_while_many_write_misses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteConfig::new(directory.path())).unwrap();
    let owners: Vec<UserId> = (1..=2)
        .map(|number| Person::new(&store, number).owner)
        .collect();
    for number in 1..=2 {
        Person::new(&store, number)
            .create(conversation(1), None, 0)
            .await;
    }
    let writers: Vec<_> = (0..DEVICES)
        .map(|device| {
            let store = store.clone();
            tokio::spawn(async move {
                let person = Person::new(&store, 1 + u128::from(device % 2));
                for device_seq in 1..=MESSAGES {
                    let message = said(message(number(device, device_seq)), "words");
                    person.append_one(plain(conversation(1), message)).await;
                }
            })
        })
        .collect();
    let readers: Vec<_> = owners
        .iter()
        .map(|owner| {
            let (store, owner) = (store.clone(), *owner);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                let expected = DEVICES / 2 * MESSAGES * 2 + 1;
                let mut cursor = 0;
                while cursor < expected {
                    let more = follow(&store, owner, cursor).await;
                    cursor = more.last().map_or(cursor, |(seq, _)| *seq);
                    seen.extend(more);
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for (reader, owner) in readers.into_iter().zip(owners) {
        let live = reader.await.unwrap();
        assert_eq!(live, follow(&store, owner, 0).await, "live is as replayed");
        let mut messages: Vec<_> = live.iter().filter_map(|(_, message)| *message).collect();
        let count = messages.len() as u64;
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(count, DEVICES / 2 * MESSAGES);
        assert_eq!(
            messages.len() as u64,
            count,
            "each message stands there once"
        );
    }
    store.close().await;
}
