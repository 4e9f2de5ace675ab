//! What goes on in one process is heard in the others, also when a notification is missing.

use std::time::Duration;

use manent_domain::ports::{RunRepository, Signal};
use manent_domain::run::NewRun;
use manent_postgres::Database;
use manent_storage_memory::conformance::person::{Person, at, conversation, message, plain, said};
use manent_storage_memory::conformance::runner::{node, run};
use manent_storage_postgres::{PostgresConfig, PostgresStore};

use crate::harness::{Heard, database, ears, open, small, soon};

/// A store whose signals are kept, listening already.
async fn listening(database: &Database, check: Duration) -> (PostgresStore, Heard) {
    let (ears, mut heard) = ears();
    let store = open(PostgresConfig {
        signals: ears,
        missed_check_interval: check,
        ..small(database)
    })
    .await;
    heard.wait_for(Signal::All).await;
    (store, heard)
}

const NEVER: Duration = Duration::from_hours(1);

/// Waits until a store has heard that another one listens: until then it tells nobody.
async fn acquainted(store: &PostgresStore) {
    soon(async {
        while store.metrics().notifications_received == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_goes_on_in_one_store_is_heard_in_both() {
    let database = database().await;
    let (here, mut here_heard) = listening(&database, NEVER).await;
    let (_there, mut there_heard) = listening(&database, NEVER).await;
    acquainted(&here).await;
    let person = Person::with_conversation(&here, conversation(1)).await;
    for heard in [&mut here_heard, &mut there_heard] {
        heard.wait_for(Signal::Feed(person.owner)).await;
        heard.so_far();
    }
    person
        .append(vec![plain(conversation(1), said(message(1), "Hello"))])
        .await;
    for heard in [&mut here_heard, &mut there_heard] {
        heard.wait_for(Signal::Feed(person.owner)).await;
    }
    let new = NewRun {
        id: run(1),
        node: node(1),
        record: None,
        started_at: at(1),
    };
    here.begin(person.owner, new, at(1)).await.unwrap();
    here.request_stop(person.owner, run(1), at(2))
        .await
        .unwrap();
    for heard in [&mut here_heard, &mut there_heard] {
        heard.wait_for(Signal::Run(person.owner, run(1))).await;
    }
}

#[tokio::test]
async fn a_missed_notification_is_found() {
    let database = database().await;
    let (_here, mut heard) = listening(&database, Duration::from_millis(50)).await;
    // As a process leaves it that was killed between its commit and its notification.
    for groups in [1, 2] {
        database
            .execute(&format!(
                "INSERT INTO writers VALUES (99, 0, {groups}, now()) ON CONFLICT (instance, writer) DO UPDATE SET groups = EXCLUDED.groups"
            ))
            .await
            .unwrap();
        heard.wait_for(Signal::All).await;
    }
}

#[tokio::test]
async fn what_was_told_is_not_found_again() {
    let database = database().await;
    let (here, mut heard) = listening(&database, Duration::from_millis(20)).await;
    let (there, _) = listening(&database, NEVER).await;
    let person = Person::with_conversation(&there, conversation(1)).await;
    heard.wait_for(Signal::Feed(person.owner)).await;
    // Long enough for a few looks, and for what is under way to count as missed.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!heard.so_far().contains(&Signal::All));
    assert_eq!(here.metrics().missed_notifications, 0);
}

#[tokio::test]
async fn a_broken_connection_is_made_again_and_everything_is_looked_at() {
    let database = database().await;
    let (here, mut here_heard) = listening(&database, NEVER).await;
    let (there, mut there_heard) = listening(&database, NEVER).await;
    assert!(database.terminate_backends().await.unwrap() > 0);
    here_heard.wait_for(Signal::All).await;
    there_heard.wait_for(Signal::All).await;
    assert!(here.metrics().listener_reconnects > 0);
    // Whoever listens again first may not know of the other one for a moment.
    let person = Person::with_conversation(&here, conversation(1)).await;
    let telling = async {
        for number in 1.. {
            let words = plain(conversation(1), said(message(number), "Hello"));
            person.append(vec![words]).await;
        }
    };
    tokio::select! {
        () = there_heard.wait_for(Signal::Feed(person.owner)) => {}
        () = telling => {}
    }
    assert!(there.check().await.unwrap().is_listening);
}

#[tokio::test]
async fn the_last_that_a_store_did_is_told_when_it_is_closed() {
    let database = database().await;
    let (here, mut heard) = listening(&database, NEVER).await;
    let (there, _) = listening(&database, NEVER).await;
    let person = Person::with_conversation(&there, conversation(1)).await;
    let owner = person.owner;
    there.close().await;
    heard.wait_for(Signal::Feed(owner)).await;
    here.close().await;
}
