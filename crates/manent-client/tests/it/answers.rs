//! Answers come back, whatever breaks, and are asked for once.

use std::time::Duration;

use manent_client::{
    AnswerStage, ApiError, CompletionEvent, ConversationQuery, DeltaEvent, MessageStatus,
    ModelSettings, PromptMessage, SendError,
};
use manent_testkit::{Direction, Fault, Mixture};

use crate::support::{COUNTED, Test, World, lines, saved, soon};

#[tokio::test]
async fn a_stream_that_is_cut_goes_on_where_it_was() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("count", None).await?;
    let mut text = String::new();
    while let Some(piece) = soon(sent.answer.next_text()).await? {
        text.push_str(&piece);
        world.proxy.reset_all();
    }
    assert_eq!(text, COUNTED);
    assert_eq!(sent.answer.progress().restarts, 0);
    saved(&client).await?;
    assert_eq!(
        world.said(sent.conversation_id).await?,
        lines(&[("user", "count"), ("assistant", COUNTED)])
    );
    Ok(())
}

#[tokio::test]
async fn a_talk_over_a_network_that_breaks_again_and_again_is_kept_word_for_word() -> Test {
    for seed in 10..14 {
        let world = World::new().await?;
        world.proxy.set_mixture(Mixture {
            seed,
            faulty_per_mille: 600,
            most_bytes: 1_500,
            longest_stall: Duration::from_millis(50),
        });
        let client = world.client().await?;
        let mut conversation = None;
        let mut expected = Vec::new();
        for text in ["Hello", "count", "and you?"] {
            let mut sent = client.messages().send_message(text, conversation).await?;
            conversation = Some(sent.conversation_id);
            let mut answer = String::new();
            while let Some(piece) = soon(sent.answer.next_text()).await? {
                answer.push_str(&piece);
            }
            expected.extend(lines(&[("user", text), ("assistant", &answer)]));
        }
        saved(&client).await?;
        let conversation = conversation.ok_or_else(|| anyhow::anyhow!("nothing was said"))?;
        assert_eq!(world.said(conversation).await?, expected, "{seed}");
        assert_eq!(expected[3].1, COUNTED, "{seed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_that_ends_in_order_without_its_end_is_attached_again() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let direction = Direction::ToClient;
    world.proxy.set_plan(move |connection| match connection {
        0..6 => Fault::Cut {
            direction,
            after: 700,
        },
        _ => Fault::None,
    });
    let mut sent = client.messages().send_message("count", None).await?;
    assert_eq!(soon(sent.answer.end()).await?.text, COUNTED);
    Ok(())
}

#[tokio::test]
async fn an_answer_goes_on_in_the_next_client_after_the_first_one_died_in_mid_stream() -> Test {
    let world = World::new().await?;
    let conversation = {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let builder = world.builder();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        runtime.spawn(async move {
            let client = builder.open().await?;
            let mut sent = client.messages().send_message("count", None).await?;
            sent.answer.next_text().await;
            // Whoever waits may have given up.
            let _ = sender.send(sent.conversation_id);
            std::future::pending::<()>().await;
            anyhow::Ok(())
        });
        let conversation = soon(receiver).await??;
        runtime.shutdown_background();
        conversation
    };
    let client = soon(async {
        loop {
            match world.client().await {
                Ok(client) => break client,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await?;
    let mut pending = client.messages().pending_answers();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].conversation_id, conversation);
    assert_eq!(soon(pending[0].end()).await?.text, COUNTED);
    saved(&client).await?;
    assert_eq!(
        world.said(conversation).await?,
        lines(&[("user", "count"), ("assistant", COUNTED)])
    );
    assert!(client.messages().pending_answers().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_wanted_without_a_server_comes_when_it_is_back() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    soon(async { while !matches!(sent.answer.changed().await.stage, AnswerStage::Waiting(_)) {} })
        .await?;
    world.proxy.accept().await;
    assert_eq!(soon(sent.answer.end()).await?.text, "You said: Hello");
    saved(&client).await?;
    assert_eq!(
        world.said(sent.conversation_id).await?,
        lines(&[("user", "Hello"), ("assistant", "You said: Hello")])
    );
    Ok(())
}

#[tokio::test]
async fn of_two_messages_without_a_server_the_second_gets_the_answer() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let messages = client.messages();
    let first = messages.send_message("Hello", None).await?;
    let conversation = first.conversation_id;
    let mut second = messages
        .send_message("and you?", Some(conversation))
        .await?;
    world.proxy.accept().await;
    assert_eq!(soon(second.answer.end()).await?.text, "You said: and you?");
    assert!(first.answer.progress().has_ended());
    saved(&client).await?;
    assert_eq!(
        world.said(conversation).await?,
        lines(&[
            ("user", "Hello"),
            ("user", "and you?"),
            ("assistant", "You said: and you?")
        ])
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_coming_is_stopped_and_what_came_is_kept() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let messages = client.messages();
    let mut sent = messages.send_message("count", None).await?;
    soon(sent.answer.next_text()).await?;
    let conversation = sent.conversation_id;
    let refused = messages.send_message("already?", Some(conversation)).await;
    assert!(matches!(refused, Err(SendError::AnswerIsComing { .. })));
    messages.stop(&sent.answer).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(answer.status, Some(MessageStatus::Stopped));
    assert!(COUNTED.starts_with(&answer.text) && answer.text.len() < COUNTED.len());
    saved(&client).await?;
    assert_eq!(
        world.said(conversation).await?,
        lines(&[("user", "count"), ("assistant", &answer.text)])
    );
    Ok(())
}

#[tokio::test]
async fn a_failure_of_the_model_ends_the_answer_and_the_conversation_goes_on() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let messages = client.messages();
    let mut sent = messages.send_message("fail", None).await?;
    let failed = soon(sent.answer.end()).await?;
    assert_eq!(failed.status, Some(MessageStatus::Failed));
    assert_eq!(
        failed.problem.map(|(code, _)| code).as_deref(),
        Some("provider_overloaded")
    );
    let conversation = sent.conversation_id;
    let mut again = messages.ask_again(conversation).await?;
    assert_eq!(soon(again.end()).await?.status, Some(MessageStatus::Failed));
    let mut next = messages.send_message("Hello", Some(conversation)).await?;
    assert_eq!(soon(next.answer.end()).await?.text, "You said: Hello");
    saved(&client).await?;
    let said = world.said(conversation).await?;
    let of_user: Vec<_> = said.iter().filter(|(role, _)| role == "user").collect();
    assert_eq!(of_user.len(), 2);
    assert_eq!(client.persistence().queue_status().failed, 0);
    Ok(())
}

#[tokio::test]
async fn an_answer_is_there_after_the_server_was_stopped_in_the_middle_of_it() -> Test {
    let mut world = World::with("[http]\nshutdown_grace = \"0ms\"").await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("count", None).await?;
    soon(sent.answer.next_text()).await?;
    world.restart().await?;
    let answer = soon(sent.answer.end()).await?;
    assert!(COUNTED.starts_with(&answer.text), "{answer:?}");
    assert_eq!(answer.status, Some(MessageStatus::Interrupted));
    saved(&client).await?;
    let said = world.said(sent.conversation_id).await?;
    assert_eq!(said[0], ("user".to_owned(), "count".to_owned()));
    assert_eq!(said.len(), 2);
    assert!(COUNTED.starts_with(&said[1].1));
    Ok(())
}

#[tokio::test]
async fn a_completion_without_a_conversation_leaves_nothing_behind() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let prompt = [PromptMessage::user("count")];
    let settings = ModelSettings::default();
    let mut stream = client
        .messages()
        .stream_completion(&prompt, &settings)
        .await?;
    let mut text = String::new();
    let mut last = None;
    while let Some(event) = soon(stream.next()).await? {
        if let CompletionEvent::Delta(DeltaEvent::Text { text: piece }) = &event {
            text.push_str(piece);
            world.proxy.reset_all();
        }
        last = Some(event);
    }
    assert_eq!(text, COUNTED);
    assert!(last.is_some_and(|event| matches!(event, CompletionEvent::Done { .. })));
    let all = ConversationQuery::default();
    let kept = client.conversations().list(&all).await?;
    assert!(kept.conversations.is_empty());

    let unknown = ModelSettings {
        provider: Some("nobody".to_owned()),
        ..ModelSettings::default()
    };
    let refused = client.messages().stream_completion(&prompt, &unknown).await;
    assert_eq!(
        refused.err().as_ref().and_then(ApiError::code),
        Some("unknown_provider")
    );
    Ok(())
}
