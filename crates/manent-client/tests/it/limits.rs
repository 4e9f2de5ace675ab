//! What the server would never take is refused before it is queued: nothing behind it is held up.

use manent_client::{NewConversation, OutgoingChange, OutgoingMessage, QueueError, SendError};

use crate::outbox::{conversation_id, message_id};
use crate::support::{Test, World, lines, saved, soon};

/// What a message may have, as the server counts it.
const LIMIT: u64 = 256 * 1024;

fn text_of(bytes: u64) -> anyhow::Result<String> {
    Ok("y".repeat(usize::try_from(bytes)?))
}

fn too_long(bytes: u64) -> QueueError {
    QueueError::TextTooLong {
        bytes,
        limit_bytes: LIMIT,
    }
}

#[tokio::test]
async fn a_text_over_the_limit_is_refused_and_holds_up_nothing() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let messages = client.messages();
    let mut first = messages.send_message("Hello", None).await?;
    soon(first.answer.end()).await?;
    let id = first.conversation_id;
    let refused = messages
        .send_message(&text_of(LIMIT + 1)?, Some(id))
        .await
        .err();
    assert_eq!(refused, Some(SendError::Queue(too_long(LIMIT + 1))));
    let empty = messages.send_message("", Some(id)).await.err();
    assert_eq!(empty, Some(SendError::Queue(QueueError::Empty)));
    assert!(client.persistence().items().await?.is_empty());

    let mut next = messages.send_message("next", Some(id)).await?;
    soon(next.answer.end()).await?;
    saved(&client).await?;
    assert_eq!(
        world.said(id).await?,
        lines(&[
            ("user", "Hello"),
            ("assistant", "You said: Hello"),
            ("user", "next"),
            ("assistant", "You said: next"),
        ])
    );
    Ok(())
}

#[tokio::test]
async fn a_refused_text_gives_up_no_answer_that_is_waited_for() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let messages = client.messages();
    let first = messages.send_message("Hello", None).await?;
    let long = text_of(LIMIT + 1)?;
    let refused = messages
        .send_message(&long, Some(first.conversation_id))
        .await;
    assert!(refused.is_err() && messages.pending_answers().len() == 1);
    Ok(())
}

#[tokio::test]
async fn a_text_of_exactly_the_limit_is_stored() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let text = text_of(LIMIT)?;
    let message = OutgoingMessage::from_user(message_id(1), None, &text);
    let persistence = client.persistence();
    persistence
        .queue_message(
            &message,
            conversation_id(),
            Some(NewConversation::default()),
        )
        .await?;
    saved(&client).await?;
    assert_eq!(
        world.said(conversation_id()).await?,
        lines(&[("user", &text)])
    );
    Ok(())
}

#[tokio::test]
async fn other_words_and_edits_keep_to_the_limit_too() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let persistence = client.persistence();
    let kept = OutgoingMessage::from_user(message_id(1), None, "as it is");
    persistence
        .queue_message(&kept, conversation_id(), None)
        .await?;
    let long = OutgoingMessage::from_user(message_id(1), None, &text_of(LIMIT + 7)?);
    let expected = Err(too_long(LIMIT + 7));
    assert_eq!(persistence.replace(&long).await, expected);
    assert_eq!(
        persistence.retry(message_id(1), Some(&long)).await,
        expected
    );
    let change = OutgoingChange::Edit {
        message_id: message_id(1),
        content: long.content.clone(),
    };
    let edited = persistence.queue_change(&change, conversation_id()).await;
    assert_eq!(edited.err(), expected.err());
    let items = persistence.items().await?;
    let texts: Vec<_> = items.iter().map(manent_client::OutboxItem::text).collect();
    assert_eq!(texts, ["as it is"]);
    Ok(())
}

#[tokio::test]
async fn a_server_with_other_limits_can_be_told_to_the_client() -> Test {
    let world = World::new().await?;
    let client = world.builder().message_text_limit(4).open().await?;
    let refused = client.messages().send_message("Hello", None).await.err();
    let expected = QueueError::TextTooLong {
        bytes: 5,
        limit_bytes: 4,
    };
    assert_eq!(refused, Some(SendError::Queue(expected)));
    client.messages().send_message("Hell", None).await?;
    Ok(())
}
