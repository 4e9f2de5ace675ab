//! Many at once, on several threads.

use std::collections::HashMap;

use manent_domain::append::Outcome;
use manent_storage_memory::conformance::person::{
    Person, conversation, message, plain, said, sequenced,
};
use manent_storage_sqlite::{SqliteConfig, SqliteStore};

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
