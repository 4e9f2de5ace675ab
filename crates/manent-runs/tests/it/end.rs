//! The end of a process.

use std::time::Duration;

use manent_domain::error::DomainError;
use manent_types::MessageStatus;
use tokio::time::Instant;

use crate::support::store::Line;
use crate::support::world::{World, owner, pass, plain, recorded};
use crate::support::{hear, milliseconds, words};

#[tokio::test(start_paused = true)]
async fn running_runs_may_finish_and_new_ones_are_refused() {
    let world = World::new().await;
    let node = world.node(1);
    let (voice, reader) = node.start(recorded(1)).await;
    voice.say("Hello");
    let runs = node.runs.clone();
    let stopping = tokio::spawn(async move { runs.shut_down(Duration::from_secs(20)).await });
    pass(milliseconds(100)).await;
    let refused = node.runs.start(owner(), plain(2)).await;
    assert!(matches!(refused, Err(DomainError::Overloaded)));
    assert!(!node.start_again(recorded(1)).await.is_new);
    pass(Duration::from_secs(10)).await;
    assert!(!stopping.is_finished());
    voice.done();
    let heard = hear(reader).await;
    assert_eq!(heard.status(), MessageStatus::Complete);
    assert_eq!(heard.persisted().persisted, Some(true));
    pass(milliseconds(100)).await;
    assert!(stopping.is_finished());
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_interrupted_and_kept() {
    let world = World::new().await;
    let node = world.node(1);
    let mut readers = Vec::new();
    let mut voices = Vec::new();
    for number in 1..=20 {
        let (voice, reader) = node.start(recorded(number)).await;
        voice.say("half an ans");
        voices.push(voice);
        readers.push(tokio::spawn(hear(reader)));
    }
    let began = Instant::now();
    node.runs.shut_down(Duration::from_secs(5)).await;
    assert!(began.elapsed() < Duration::from_secs(6));
    for (reader, number) in readers.into_iter().zip(1..) {
        let heard = reader.await.unwrap();
        assert_eq!(heard.status(), MessageStatus::Interrupted);
        assert_eq!(heard.persisted().persisted, Some(true));
        let message = world.message(number).await.unwrap();
        assert_eq!(message.content, words("half an ans"));
        assert_eq!(message.status, MessageStatus::Interrupted);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_while_the_store_is_gone() {
    for line in [Line::Fails, Line::Hangs] {
        for has_journal in [true, false] {
            let world = World::new().await;
            let node = if has_journal {
                world.node(1)
            } else {
                world.node_without_journal(1)
            };
            let (voice, reader) = node.start(recorded(1)).await;
            pass(milliseconds(300)).await;
            world.store.all(line);
            voice.say("Hello");
            let heard = tokio::spawn(hear(reader));
            let began = Instant::now();
            node.runs.shut_down(Duration::from_secs(1)).await;
            let limit = Duration::from_secs(1) + world.config.store_wait + Duration::from_secs(1);
            assert!(began.elapsed() <= limit, "{line:?}: {:?}", began.elapsed());
            let persisted = heard.await.unwrap().persisted();
            assert_eq!(persisted.persisted, Some(false));
            assert_eq!(
                persisted.journal_position.is_some(),
                has_journal,
                "{line:?}"
            );
            world.store.all(Line::Works);
            pass(Duration::from_secs(2)).await;
            let message = world.message(1).await;
            assert_eq!(
                message.is_some_and(|message| message.content == words("Hello")),
                has_journal
            );
        }
    }
}
