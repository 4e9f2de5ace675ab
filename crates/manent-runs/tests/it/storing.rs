//! What is stored, and when.

use std::time::Duration;

use manent_types::MessageStatus;
use tokio::time::Instant;

use crate::support::store::{Call, Line};
use crate::support::world::{World, pass, plain, recorded};
use crate::support::{hear, hear_some, milliseconds, words};

#[tokio::test(start_paused = true)]
async fn the_store_is_a_quarter_of_a_second_behind_at_most() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, _reader) = node.start(recorded(1)).await;
    let mut said = Vec::new();
    for word in 0..200 {
        voice.say(&format!("{word} "));
        said.push(Instant::now());
        pass(milliseconds(20)).await;
        let last = world.run(1).await.unwrap().last_position;
        let old = said
            .iter()
            .filter(|at| at.elapsed() >= milliseconds(250))
            .count() as u64;
        assert!(old == 0 || last > old, "{last} of {old}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_a_message_while_it_is_written() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, _reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    pass(milliseconds(250)).await;
    let message = world.message(1).await.unwrap();
    assert_eq!(
        (message.status, message.content),
        (MessageStatus::Running, words("Hello"))
    );
    voice.say(", world");
    pass(milliseconds(2_100)).await;
    let message = world.message(1).await.unwrap();
    assert_eq!(message.content, words("Hello, world"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_run_says_that_it_lives() {
    let world = World::new().await;
    let (node, _other) = (world.node(1), world.node(2));
    let (voice, reader) = node.start(plain(1)).await;
    pass(Duration::from_mins(1)).await;
    let heard_at = world.run(1).await.unwrap().heartbeat_at;
    assert!(world.now().as_millisecond() - heard_at.as_millisecond() <= 2_200);
    assert!(
        world.store.count(Call::Record) < 40,
        "no more often than needed"
    );
    voice.done();
    assert_eq!(hear(reader).await.status(), MessageStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn many_runs_share_a_batch() {
    let world = World::new().await;
    let node = world.node(1);
    let mut running = Vec::new();
    for number in 1..=300 {
        running.push(node.start(plain(number)).await);
    }
    pass(milliseconds(500)).await;
    let before = world.store.count(Call::Record);
    for _ in 0..20 {
        for (voice, _) in &running {
            voice.say("word ");
        }
        pass(milliseconds(50)).await;
    }
    let batches = world.store.count(Call::Record) - before;
    assert!(batches <= 24, "{batches} batches in a second");
    for (voice, _) in &running {
        voice.done();
    }
    for (_, reader) in running {
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(1) && heard.persisted().logged);
        assert_eq!(heard.positions.len(), 22);
    }
}

#[tokio::test(start_paused = true)]
async fn only_one_batch_is_under_way() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    let (voice, _reader) = node.start(plain(1)).await;
    let (other, other_reader) = node.start(plain(2)).await;
    pass(milliseconds(300)).await;
    world
        .store
        .set(Call::Record, Line::Slow(milliseconds(1_000)));
    let before = world.store.count(Call::Record);
    for _ in 0..30 {
        voice.say("word ");
        other.say("word ");
        pass(milliseconds(100)).await;
    }
    let calls = world.store.count(Call::Record) - before;
    assert!(calls <= 4, "{calls}");
    other.done();
    assert!(hear(other_reader).await.is_whole_from(1));
}

#[tokio::test(start_paused = true)]
async fn readers_see_events_while_the_store_hangs() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, mut reader) = node.start(recorded(1)).await;
    pass(milliseconds(300)).await;
    world.store.all(Line::Hangs);
    for word in 0..50 {
        let said = Instant::now();
        voice.say(&format!("{word} "));
        hear_some(&mut reader, 1).await;
        assert_eq!(said.elapsed(), Duration::ZERO);
        pass(milliseconds(37)).await;
    }
}
