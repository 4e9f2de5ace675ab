//! Attaching to runs.

use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::error::DomainError;
use manent_domain::ports::RunRepository;
use manent_domain::run::INTERRUPTION_GAP;
use manent_runs::{Attachment, RunReader};
use manent_types::{MessageStatus, UserId};

use crate::support::store::{Call, Line};
use crate::support::world::{Node, World, message_id, owner, pass, plain, recorded, run_id};
use crate::support::{hear, hear_some, milliseconds, uuid};

async fn attach(node: &Node, number: u128, after: u64) -> RunReader {
    match node
        .runs
        .attach(owner(), run_id(number), after)
        .await
        .unwrap()
    {
        Attachment::Reader(reader) => reader,
        Attachment::AtEnd => panic!("more is to come"),
    }
}

async fn is_at_end(node: &Node, number: u128, after: u64) -> bool {
    let attachment = node.runs.attach(owner(), run_id(number), after).await;
    matches!(attachment, Ok(Attachment::AtEnd))
}

async fn is_ahead(node: &Node, number: u128, after: u64) -> bool {
    let attachment = node.runs.attach(owner(), run_id(number), after).await;
    matches!(attachment, Err(DomainError::CursorAhead))
}

/// 1 start, 2 to 41 words, 42 the end.
const LAST: u64 = 42;

async fn finished(node: &Node) {
    let (voice, reader) = node.start(recorded(1)).await;
    for word in 2..LAST {
        voice.say(&format!("{word} "));
        if word % 7 == 0 {
            pass(milliseconds(60)).await;
        }
    }
    voice.done();
    assert_eq!(hear(reader).await.positions.len() as u64, LAST);
}

#[tokio::test(start_paused = true)]
async fn every_cursor_gets_exactly_what_follows() {
    let world = World::new().await;
    let node = world.node(1);
    finished(&node).await;
    let other = world.node(2);
    for process in [&node, &other] {
        for after in 0..LAST {
            let heard = hear(attach(process, 1, after).await).await;
            assert!(heard.is_whole_from(after + 1));
            assert_eq!(heard.positions.last(), Some(&LAST));
            assert_eq!(heard.persisted().persisted, Some(true));
        }
        assert!(is_at_end(process, 1, LAST).await);
        assert!(is_ahead(process, 1, LAST + 1).await);
    }
}

#[tokio::test(start_paused = true)]
async fn readers_attached_in_mid_stream_get_the_past_and_the_rest() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let (voice, _reader) = node.start(recorded(1)).await;
    let mut readers = Vec::new();
    for word in 0_u64..30 {
        voice.say(&format!("{word} "));
        pass(milliseconds(20)).await;
        readers.push((word / 2, attach(&node, 1, word / 2).await));
        readers.push((word / 2, attach(&other, 1, word / 2).await));
    }
    voice.done();
    for (after, reader) in readers {
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(after + 1));
        assert_eq!(heard.positions.last(), Some(&32));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_holds_up_nothing() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, slow) = node.start(recorded(1)).await;
    let quick = attach(&node, 1, 0).await;
    for _ in 0..10_000 {
        voice.say("word ");
    }
    voice.done();
    assert_eq!(hear(quick).await.positions.len(), 10_002);
    assert!(world.message(1).await.is_some());
    pass(Duration::from_secs(20)).await;
    let heard = hear(slow).await;
    assert!(heard.is_whole_from(1));
    assert_eq!(heard.positions.len(), 10_002);
}

#[tokio::test(start_paused = true)]
async fn what_memory_has_dropped_comes_from_the_store() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, slow) = node.start(plain(1)).await;
    let kilobyte = "x".repeat(1_024);
    for _ in 0..100 {
        for _ in 0..100 {
            voice.say(&kilobyte);
        }
        pass(milliseconds(110)).await;
    }
    world.store.set(Call::Read, Line::Fails);
    let mut cut_off = attach(&node, 1, 0).await;
    assert!(
        cut_off.next().await.unwrap().is_err(),
        "the beginning is not in memory"
    );
    world.store.set(Call::Read, Line::Works);
    let middle = attach(&node, 1, 4_321).await;
    voice.done();
    for (reader, first) in [(slow, 1), (middle, 4_322)] {
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(first));
        assert_eq!(heard.positions.last(), Some(&10_002));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_ahead_of_a_live_run_is_refused() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, _reader) = node.start(plain(1)).await;
    voice.say("Hello");
    pass(milliseconds(10)).await;
    assert!(!is_ahead(&node, 1, 2).await);
    assert!(is_ahead(&node, 1, 3).await);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_ahead_of_what_another_node_has_stored_waits() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let (voice, mut reader) = node.start(plain(1)).await;
    pass(milliseconds(300)).await;
    world.store.set(Call::Record, Line::Fails);
    voice.say("not stored ");
    hear_some(&mut reader, 2).await;
    let there = attach(&other, 1, 2).await;
    voice.say("yet");
    voice.done();
    pass(milliseconds(3_000)).await;
    world.store.set(Call::Record, Line::Works);
    let heard = hear(there).await;
    assert_eq!(
        (heard.positions.as_slice(), heard.text.as_str()),
        ([3, 4].as_slice(), "yet")
    );
}

#[tokio::test(start_paused = true)]
async fn a_missed_signal_is_found_anyway() {
    let world = World::new().await;
    let node = world.node(1);
    let deaf = world.deaf_node(2);
    let (voice, _reader) = node.start(plain(1)).await;
    pass(milliseconds(300)).await;
    let reader = attach(&deaf, 1, 0).await;
    let heard = tokio::spawn(hear(reader));
    pass(milliseconds(300)).await;
    voice.say("Hello");
    voice.done();
    pass(milliseconds(2_500)).await;
    assert!(heard.is_finished());
    assert_eq!(heard.await.unwrap().text, "Hello");
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_quicker_than_looking_again() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let (voice, _reader) = node.start(plain(1)).await;
    pass(milliseconds(300)).await;
    let heard = tokio::spawn(hear(attach(&other, 1, 0).await));
    pass(milliseconds(300)).await;
    voice.done();
    pass(milliseconds(150)).await;
    assert!(heard.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_the_end_of_a_run_whose_process_died() {
    let world = World::new().await;
    let (node, other) = (world.deaf_node(1), world.node(2));
    let (voice, mut here) = node.start(recorded(1)).await;
    voice.say("Hello");
    hear_some(&mut here, 2).await;
    pass(milliseconds(300)).await;
    let there = tokio::spawn(hear(attach(&other, 1, 2).await));
    // From here on the first process is cut off, which is all that the others can see of a death.
    world.store.set(Call::Record, Line::Fails);
    let began = tokio::time::Instant::now();
    let heard = there.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(heard.positions, [2 + INTERRUPTION_GAP]);
    assert_eq!(heard.status(), MessageStatus::Interrupted);
    assert_eq!(heard.persisted().persisted, Some(true));
    assert_eq!(
        world.message(1).await.unwrap().status,
        MessageStatus::Interrupted
    );
}

#[tokio::test(start_paused = true)]
async fn strangers_and_unknown_runs_are_not_found() {
    let world = World::new().await;
    let node = world.node(1);
    let (_voice, _reader) = node.start(plain(1)).await;
    let stranger = UserId::new(uuid(77));
    let attached = node.runs.attach(stranger, run_id(1), 0).await;
    assert!(matches!(attached, Err(DomainError::RunNotFound)));
    let attached = node.runs.attach(owner(), run_id(2), 0).await;
    assert!(matches!(attached, Err(DomainError::RunNotFound)));
}

#[tokio::test(start_paused = true)]
async fn a_cleared_log_points_to_the_message() {
    let world = World::new().await;
    let node = world.node(1);
    finished(&node).await;
    pass(Duration::from_mins(1)).await;
    let cleared = world.store.inner.clear_logs(world.now(), 10).await.unwrap();
    assert_eq!(cleared, 1);
    let attached = node.runs.attach(owner(), run_id(1), 0).await;
    let Err(DomainError::RunLogCleared { message }) = attached else {
        panic!("the log is gone");
    };
    assert_eq!(message, Some(message_id(1)));
    let again = node.runs.start(owner(), recorded(1)).await;
    assert!(matches!(again, Err(DomainError::RunLogCleared { .. })));
    assert_eq!(node.puppet.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn old_logs_are_cleared_by_themselves() {
    let mut world = World::new().await;
    world.config.log_retention = Duration::from_mins(5);
    let node = world.deaf_node(1);
    finished(&node).await;
    pass(Duration::from_secs(290)).await;
    assert!(!world.run(1).await.unwrap().log_cleared);
    pass(Duration::from_secs(610)).await;
    assert!(world.run(1).await.unwrap().log_cleared);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_ends_the_reader_with_an_error() {
    let world = World::new().await;
    let (node, other) = (world.node(1), world.node(2));
    let (voice, _reader) = node.start(plain(1)).await;
    pass(milliseconds(300)).await;
    let mut reader = attach(&other, 1, 0).await;
    let heard = hear_some(&mut reader, 1).await;
    for line in [Line::Fails, Line::Hangs] {
        world.store.set(Call::Read, line);
        voice.say("Hello");
        let mut reader = std::mem::replace(&mut reader, Box::pin(futures_util::stream::empty()));
        if line == Line::Fails {
            let error = reader.next().await.unwrap();
            assert!(matches!(error, Err(DomainError::Store(_))));
            assert!(reader.next().await.is_none());
        }
        let began = tokio::time::Instant::now();
        let attached = other.runs.attach(owner(), run_id(1), 1).await;
        assert!(matches!(attached, Err(DomainError::Store(_))));
        assert!(began.elapsed() <= world.config.store_wait + milliseconds(1));
    }
    world.store.set(Call::Read, Line::Works);
    voice.done();
    let rest = hear(attach(&other, 1, heard.positions[0]).await).await;
    assert!(rest.is_whole_from(2));
    assert_eq!(rest.text, "HelloHello");
}
