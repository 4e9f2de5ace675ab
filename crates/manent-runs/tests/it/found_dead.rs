//! Runs whose process is gone, and those of which it is only believed.

use std::time::Duration;

use manent_types::MessageStatus;

use crate::support::store::{Call, Line};
use crate::support::world::{World, logged_text, pass, plain, recorded, run_id};
use crate::support::{hear, milliseconds, words};

#[tokio::test(start_paused = true)]
async fn a_run_that_was_found_dead_wrongly_lives_on() {
    let world = World::new().await;
    let (node, _other) = (world.deaf_node(1), world.node(2));
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.set(Call::Record, Line::Fails);
    pass(Duration::from_secs(20)).await;
    assert_eq!(
        world.run(1).await.unwrap().status,
        MessageStatus::Interrupted
    );
    voice.say("lo");
    world.store.set(Call::Record, Line::Works);
    pass(Duration::from_secs(6)).await;
    assert_eq!(world.run(1).await.unwrap().status, MessageStatus::Running);
    voice.done();
    let heard = hear(reader).await;
    assert!(heard.is_whole_from(1) && heard.persisted().logged);
    assert_eq!(world.message(1).await.unwrap().content, words("Hello"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_called_dead_right_after_an_outage() {
    let world = World::new().await;
    let (node, _other) = (world.deaf_node(1), world.node(2));
    let (_voice, _reader) = node.start(recorded(1)).await;
    pass(Duration::from_secs(30)).await;
    world.store.all(Line::Fails);
    pass(Duration::from_mins(1)).await;
    world.store.all(Line::Works);
    for _ in 0..200 {
        pass(milliseconds(100)).await;
        assert_eq!(world.run(1).await.unwrap().status, MessageStatus::Running);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_has_its_store_alone_ends_what_it_finds() {
    let world = World::new().await;
    let first = world.deaf_node(1);
    let (voice, _reader) = first.start(recorded(1)).await;
    voice.say("Hello");
    pass(milliseconds(300)).await;
    world.store.set(Call::Record, Line::Fails);
    let _second = world.only_node(2);
    pass(milliseconds(100)).await;
    assert_eq!(
        world.run(1).await.unwrap().status,
        MessageStatus::Interrupted
    );
    assert_eq!(world.message(1).await.unwrap().content, words("Hello"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_store_has_forgotten_is_registered_anew() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hel");
    pass(milliseconds(300)).await;
    world.store.forget_once();
    voice.say("lo");
    pass(milliseconds(500)).await;
    assert_eq!(world.store.count(Call::Begin), 2);
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.persisted().persisted, Some(true));
    assert_eq!(logged_text(&world, 1).await, "Hello");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_store_cannot_take_holds_up_no_other() {
    let world = World::new().await;
    let node = world.node_without_journal(1);
    world.store.poison(run_id(3));
    let mut running = Vec::new();
    for number in 1..=6 {
        running.push((number, node.start(plain(number)).await));
    }
    for word in 0..30 {
        for (_, (voice, _)) in &running {
            voice.say(&format!("{word} "));
        }
        pass(milliseconds(100)).await;
    }
    for (number, (voice, reader)) in running {
        voice.done();
        let heard = hear(reader).await;
        assert!(heard.is_whole_from(1));
        assert_eq!(heard.persisted().logged, number != 3, "{number}");
    }
}
