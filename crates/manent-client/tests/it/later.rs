//! What is said while an answer comes, and second thoughts: nothing is lost, and nothing is said twice.

use manent_client::{EngineConfig, ItemState, QueueError};

use crate::support::{COUNTED, Test, World, impatient, lines, saved, soon};

#[tokio::test]
async fn what_was_kept_until_its_turn_is_said_once_whatever_dies_in_between() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("count", None).await?;
    let conversation = sent.conversation_id;
    assert!(soon(sent.answer.next_text()).await?.is_some());
    assert_eq!(
        client.messages().keep_for_later("", conversation).await,
        Err(QueueError::Empty)
    );
    let first = client
        .messages()
        .keep_for_later("first", conversation)
        .await?;
    let second = client
        .messages()
        .keep_for_later("second", conversation)
        .await?;
    client.close().await;

    let client = world.client().await?;
    assert_eq!(
        client.messages().later_messages().await,
        [first.clone(), second.clone()]
    );
    for mut answer in client.messages().pending_answers() {
        soon(answer.end()).await?;
    }
    for message in [&first, &second] {
        let sent = client.messages().send_later(message).await?;
        let mut sent = sent.ok_or_else(|| anyhow::anyhow!("it was not said before"))?;
        assert_eq!(sent.message_id, message.message_id);
        soon(sent.answer.end()).await?;
        // As if it had died before it was forgotten.
        client.messages().restore_later(message).await?;
        assert!(client.messages().send_later(message).await?.is_none());
    }
    saved(&client).await?;
    client.messages().restore_later(&first).await?;
    client.close().await;

    let client = world.client().await?;
    assert_eq!(
        client.messages().later_messages().await,
        std::slice::from_ref(&first)
    );
    assert!(client.messages().send_later(&first).await?.is_none());
    assert_eq!(client.messages().later_messages().await, []);
    assert_eq!(
        world.said(conversation).await?,
        lines(&[
            ("user", "count"),
            ("assistant", COUNTED),
            ("user", "first"),
            ("assistant", "You said: first"),
            ("user", "second"),
            ("assistant", "You said: second"),
        ])
    );
    Ok(())
}

#[tokio::test]
async fn second_thoughts_change_the_queue_the_conversation_and_the_answer_together() -> Test {
    let world = World::new().await?;
    // Nothing is tried before the test says so.
    let later = 600_000;
    let patient = EngineConfig {
        backoff_ms: later,
        backoff_cap_ms: later,
        open_ms: later,
        open_cap_ms: later,
        ..impatient()
    };
    let client = world.builder().outbox(patient).open().await?;
    let messages = client.messages();
    let mut sent = messages.send_message("hello", None).await?;
    let conversation = sent.conversation_id;
    soon(sent.answer.end()).await?;
    saved(&client).await?;
    world.proxy.go_down().await;
    let first = messages.send_message("first", Some(conversation)).await?;
    let mut status = client.persistence().watch_status();
    soon(status.wait_for(|status| status.wait.is_some())).await??;
    let second = messages.send_message("second", Some(conversation)).await?;
    let third = messages.send_message("third", Some(conversation)).await?;
    drop(first);

    messages.take_back(third.message_id).await?;
    let answer = messages.reword(second.message_id, "other words").await?;
    assert!(answer.is_none(), "nobody waits for the answer to it");
    assert_eq!(messages.put_back(third.message_id).await?, conversation);
    messages.take_back(third.message_id).await?;
    assert_eq!(
        client.persistence().status(third.message_id).await?,
        Some(ItemState::Discarded)
    );
    let mut asked = messages.ask_again(conversation).await?;
    let reworded = messages
        .reword(second.message_id, "other words still")
        .await?;
    soon(asked.end()).await?;
    let mut asked = reworded.ok_or_else(|| anyhow::anyhow!("the answer was awaited"))?;
    world.proxy.accept().await;
    client.persistence().probe_now();
    assert_eq!(soon(asked.end()).await?.text, "You said: other words still");
    saved(&client).await?;
    assert_eq!(
        world.said(conversation).await?,
        lines(&[
            ("user", "hello"),
            ("assistant", "You said: hello"),
            ("user", "first"),
            ("user", "other words still"),
            ("assistant", "You said: other words still"),
        ])
    );
    Ok(())
}
