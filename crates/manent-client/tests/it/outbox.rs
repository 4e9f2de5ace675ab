//! What is queued reaches the server, once and in order, and stays on the device until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use manent_client::{
    ConversationId, FailReason, HistoryStep, ItemState, MessageId, NewConversation, OpenError,
    OutgoingMessage, QueueError,
};
use manent_testkit::{Direction, Fault, Mixture};
use uuid::Uuid;

use crate::support::{Test, World, lines, saved, soon};

pub(crate) fn message_id(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

pub(crate) fn conversation_id() -> ConversationId {
    ConversationId::new(Uuid::from_u128(1 << 100))
}

/// `count` messages, each below the one before, in a conversation that is to be created.
async fn queue(client: &manent_client::Client, numbers: std::ops::RangeInclusive<u128>) -> Test {
    for number in numbers {
        let parent = number
            .checked_sub(1)
            .filter(|parent| *parent > 0)
            .map(message_id);
        let message =
            OutgoingMessage::from_user(message_id(number), parent, &format!("message {number}"));
        let create = (number == 1).then(NewConversation::default);
        client
            .persistence()
            .queue_message(&message, conversation_id(), create)
            .await?;
    }
    Ok(())
}

fn expected(numbers: std::ops::RangeInclusive<u128>) -> Vec<(String, String)> {
    numbers
        .map(|number| ("user".to_owned(), format!("message {number}")))
        .collect()
}

#[tokio::test]
async fn a_message_and_its_answer_are_kept_on_the_server() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(answer.text, "You said: Hello");
    saved(&client).await?;
    assert_eq!(
        world.said(sent.conversation_id).await?,
        lines(&[("user", "Hello"), ("assistant", "You said: Hello")])
    );
    assert!(client.messages().pending_answers().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_is_written_without_a_server_is_sent_in_order_when_it_is_back() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    queue(&client, 1..=20).await?;
    let waiting = client.persistence().queue_status();
    assert_eq!((waiting.unsaved(), waiting.failed), (20, 0));
    world.proxy.accept().await;
    saved(&client).await?;
    assert_eq!(world.said(conversation_id()).await?, expected(1..=20));
    Ok(())
}

#[tokio::test]
async fn what_is_queued_outlives_the_client() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    queue(&client, 1..=3).await?;
    client.close().await;

    let client = world.client().await?;
    queue(&client, 4..=5).await?;
    let items = client.persistence().items().await?;
    let texts: Vec<_> = items.iter().map(manent_client::OutboxItem::text).collect();
    assert_eq!(
        texts,
        [
            "message 1",
            "message 2",
            "message 3",
            "message 4",
            "message 5"
        ]
    );
    world.proxy.accept().await;
    saved(&client).await?;
    assert_eq!(world.said(conversation_id()).await?, expected(1..=5));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_doubles_nothing() -> Test {
    let world = World::new().await?;
    let mut left = 6;
    world.proxy.set_plan(move |_| {
        left -= 1;
        if left > 0 {
            let (direction, after) = (Direction::ToClient, 0);
            Fault::Reset { direction, after }
        } else {
            Fault::None
        }
    });
    let client = world.client().await?;
    queue(&client, 1..=5).await?;
    saved(&client).await?;
    assert_eq!(world.said(conversation_id()).await?, expected(1..=5));
    let metrics = client.persistence().metrics().await?;
    assert!(metrics.failed_syncs > 0, "{metrics:?}");
    Ok(())
}

#[tokio::test]
async fn a_network_that_breaks_again_and_again_loses_and_doubles_nothing() -> Test {
    for seed in 0..4 {
        let world = World::new().await?;
        world.proxy.set_mixture(Mixture {
            seed,
            faulty_per_mille: 500,
            most_bytes: 2_000,
            longest_stall: Duration::from_millis(50),
        });
        let client = world.client().await?;
        queue(&client, 1..=30).await?;
        saved(&client).await?;
        assert_eq!(
            world.said(conversation_id()).await?,
            expected(1..=30),
            "{seed}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_restart_of_the_server_between_messages_changes_nothing() -> Test {
    let mut world = World::new().await?;
    let client = world.client().await?;
    queue(&client, 1..=3).await?;
    saved(&client).await?;
    world.restart().await?;
    queue(&client, 4..=6).await?;
    saved(&client).await?;
    assert_eq!(world.said(conversation_id()).await?, expected(1..=6));
    Ok(())
}

#[tokio::test]
async fn what_was_not_sent_can_be_changed_and_taken_back() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let persistence = client.persistence();
    // What stands behind a first try was never sent.
    let mut status = persistence.watch_status();
    queue(&client, 1..=1).await?;
    soon(status.wait_for(|status| status.wait.is_some())).await??;
    queue(&client, 2..=4).await?;

    let changed = OutgoingMessage::from_user(message_id(3), Some(message_id(2)), "in other words");
    persistence.replace(&changed).await?;
    persistence.withdraw(message_id(4)).await?;
    assert_eq!(
        persistence.status(message_id(4)).await?,
        Some(ItemState::Failed(FailReason::Withdrawn))
    );
    persistence.discard(message_id(4)).await?;
    persistence.undo(message_id(4)).await?;
    persistence.discard(message_id(4)).await?;

    world.proxy.accept().await;
    saved(&client).await?;
    let mut said = expected(1..=2);
    said.extend(lines(&[("user", "in other words")]));
    assert_eq!(world.said(conversation_id()).await?, said);
    assert_eq!(
        persistence.withdraw(message_id(1)).await,
        Err(QueueError::Unknown)
    );
    Ok(())
}

#[tokio::test]
async fn what_the_server_refuses_waits_for_a_decision_and_holds_up_only_what_builds_on_it() -> Test
{
    let world = World::new().await?;
    let client = world.client().await?;
    let persistence = client.persistence();
    let unknown = Some(message_id(99));
    let orphan = OutgoingMessage::from_user(message_id(1), unknown, "orphan");
    let child = OutgoingMessage::from_user(message_id(2), Some(message_id(1)), "child");
    let root = OutgoingMessage::from_user(message_id(3), None, "root");
    let create = Some(NewConversation::default());
    for message in [&orphan, &child, &root] {
        persistence
            .queue_message(message, conversation_id(), create.clone())
            .await?;
    }
    saved(&client).await?;
    assert_eq!(
        world.said(conversation_id()).await?,
        lines(&[("user", "root")])
    );
    let states: Vec<_> = persistence
        .items()
        .await?
        .into_iter()
        .map(|item| (item.status.message_id, item.status.state))
        .collect();
    assert!(
        matches!(
            &states[..],
            [
                (first, ItemState::Failed(FailReason::Rejected { code, .. })),
                (second, ItemState::Failed(FailReason::Blocked { .. }))
            ] if *first == message_id(1) && *second == message_id(2) && code == "parent_unknown"
        ),
        "{states:?}"
    );

    let moved = OutgoingMessage::from_user(message_id(1), Some(message_id(3)), "no orphan");
    persistence.retry(message_id(1), Some(&moved)).await?;
    saved(&client).await?;
    assert_eq!(
        world.said(conversation_id()).await?,
        lines(&[("user", "root"), ("user", "no orphan"), ("user", "child")])
    );
    let steps: Vec<_> = persistence
        .history(message_id(1))
        .await?
        .into_iter()
        .map(|entry| entry.step)
        .collect();
    assert_eq!(steps.first(), Some(&HistoryStep::Queued));
    assert!(steps.contains(&HistoryStep::Retried) && steps.last() == Some(&HistoryStep::Saved));
    Ok(())
}

#[tokio::test]
async fn a_second_process_is_refused_while_the_first_has_the_outbox() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let refused = world
        .client()
        .await
        .err()
        .and_then(|error| error.downcast().ok());
    assert!(
        matches!(&refused, Some(OpenError::InUse { holder, .. }) if *holder == format!("process {}", std::process::id())),
        "{refused:?}"
    );
    client.close().await;
    let opened = world.client().await?;
    opened.close().await;
    Ok(())
}

#[tokio::test]
async fn the_trash_is_reached_in_order_with_the_messages() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    queue(&client, 1..=2).await?;
    client.conversations().trash(conversation_id()).await?;
    world.proxy.accept().await;
    saved(&client).await?;
    let trashed = client.conversations().get(conversation_id()).await?;
    assert!(trashed.trashed_at.is_some() && trashed.last_seq == 2);
    client.conversations().restore(conversation_id()).await?;
    saved(&client).await?;
    let restored = client.conversations().get(conversation_id()).await?;
    assert_eq!(restored.trashed_at, None);
    Ok(())
}

#[tokio::test]
async fn metrics_are_told_and_headers_are_asked_for_at_each_request() -> Test {
    let world = World::new().await?;
    let asked = Arc::new(AtomicU64::new(0));
    let told = Arc::new(AtomicU64::new(0));
    let (count, tell) = (Arc::clone(&asked), Arc::clone(&told));
    let client = world
        .builder()
        .headers(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { manent_client::header::HeaderMap::new() }
        })
        .on_metrics(move |metrics| {
            tell.store(metrics.successful_syncs, Ordering::Relaxed);
        })
        .open()
        .await?;
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    queue(&client, 1..=1).await?;
    saved(&client).await?;
    client.persistence().flush().await;
    // One for the conversation, one for the message.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(told.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn signing_out_asks_before_it_loses_something() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    queue(&client, 1..=2).await?;
    assert_eq!(
        client.sign_out(false).await,
        Err(QueueError::WouldLose {
            queued: 2,
            failed: 0
        })
    );
    client.sign_out(true).await?;
    client.close().await;
    let client = world.client().await?;
    assert!(client.persistence().items().await?.is_empty());
    Ok(())
}

/// A request with all that waits is never taken; one by one there is room for everything, in time.
#[tokio::test]
async fn more_than_the_server_takes_in_a_minute_is_saved_in_the_end() -> Test {
    let world = World::with("[limits]\nmessages_per_minute = 120\n").await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    queue(&client, 1..=126).await?;
    world.proxy.accept().await;
    saved(&client).await?;
    assert_eq!(world.said(conversation_id()).await?, expected(1..=126));
    Ok(())
}
