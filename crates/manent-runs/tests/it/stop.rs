//! Stopping runs.

use manent_domain::error::DomainError;
use manent_types::MessageStatus;

use crate::support::store::Line;
use crate::support::world::{World, owner, pass, plain, recorded, run_id};
use crate::support::{hear, hear_some, milliseconds, words};

#[tokio::test(start_paused = true)]
async fn a_run_of_this_process_stops_at_once() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, mut reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    hear_some(&mut reader, 2).await;
    let run = node.runs.stop(owner(), run_id(1)).await.unwrap();
    assert_eq!(run.status, MessageStatus::Stopped);
    assert_eq!(node.puppet.cancelled(), 1);
    voice.say("lo");
    let heard = hear(reader).await;
    assert_eq!(heard.positions, [3]);
    let failure = heard.end.as_ref().unwrap().0.failure.clone().unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.retryable),
        ("stopped", false)
    );
    assert_eq!(heard.persisted().persisted, Some(true));
    let message = world.message(1).await.unwrap();
    assert_eq!(
        (message.content, message.status),
        (words("Hel"), MessageStatus::Stopped)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_before_the_provider_has_answered() {
    let world = World::new().await;
    let node = world.node(1);
    let _voice = node.puppet.expect_call();
    let _gate = node.puppet.hold();
    let runs = node.runs.clone();
    let starting = tokio::spawn(async move { runs.start(owner(), plain(1)).await });
    pass(milliseconds(50)).await;
    let run = node.runs.stop(owner(), run_id(1)).await.unwrap();
    assert_eq!((run.status, run.last_position), (MessageStatus::Stopped, 1));
    let heard = hear(starting.await.unwrap().unwrap().reader).await;
    assert_eq!(heard.status(), MessageStatus::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_node_stops_through_the_store() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let (_voice, reader) = node.start(plain(1)).await;
    pass(milliseconds(1_000)).await;
    let run = other.runs.stop(owner(), run_id(1)).await.unwrap();
    assert!(run.stop_requested);
    let began = tokio::time::Instant::now();
    assert_eq!(hear(reader).await.status(), MessageStatus::Stopped);
    assert!(began.elapsed() <= milliseconds(300));
    let run = other.runs.find(owner(), run_id(1)).await.unwrap();
    assert_eq!(run.status, MessageStatus::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_signal_is_missed_is_seen_by_the_next_heartbeat() {
    let world = World::new().await;
    let (deaf, other) = (world.deaf_node(1), world.node(2));
    let (_voice, reader) = deaf.start(plain(1)).await;
    pass(milliseconds(300)).await;
    other.runs.stop(owner(), run_id(1)).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(hear(reader).await.status(), MessageStatus::Stopped);
    assert!(began.elapsed() <= world.config.heartbeat_interval + milliseconds(300));
}

#[tokio::test(start_paused = true)]
async fn what_ended_stays_as_it_is() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(plain(1)).await;
    voice.done();
    hear(reader).await;
    for wait in [milliseconds(0), milliseconds(60_000)] {
        pass(wait).await;
        let run = node.runs.stop(owner(), run_id(1)).await.unwrap();
        assert_eq!(
            (run.status, run.stop_requested),
            (MessageStatus::Complete, false)
        );
    }
    let unknown = node.runs.stop(owner(), run_id(9)).await;
    assert!(matches!(unknown, Err(DomainError::RunNotFound)));
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_while_the_store_hangs() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    let (_voice, reader) = node.start(plain(1)).await;
    pass(milliseconds(300)).await;
    world.store.all(Line::Hangs);
    let began = tokio::time::Instant::now();
    let run = node.runs.stop(owner(), run_id(1)).await.unwrap();
    assert_eq!(run.status, MessageStatus::Stopped);
    assert!(began.elapsed() <= world.config.store_wait + milliseconds(1));
    let heard = hear(reader).await;
    assert!(!heard.persisted().logged);
}
