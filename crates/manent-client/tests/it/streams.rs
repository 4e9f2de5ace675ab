//! Streams of answers that are nonsense, break, or have no end.

use manent_client::{EngineConfig, MessageStatus, ModelSettings, PromptMessage};
use serde_json::json;

use crate::fake::{EVENTS, Fake, HTML, JSON, begun, created, done, stored};
use crate::support::{Test, builder, saved, soon};

#[tokio::test]
async fn an_event_stream_of_nonsense_shows_nothing_and_is_asked_for_again() -> Test {
    let fake = Fake::default();
    let mut answers = vec![
        (200, HTML, "<html>Welcome</html>".to_owned()),
        (200, JSON, "{}".to_owned()),
        (200, EVENTS, String::new()),
        (
            200,
            EVENTS,
            "event: delta\ndata: {\"type\":\"text\"".to_owned(),
        ),
        (
            200,
            EVENTS,
            "event: delta\ndata: nonsense\n\nevent: surprise\ndata: {}\n\n: ping\n\n".to_owned(),
        ),
    ]
    .into_iter();
    fake.on("/conversation/create", |_| created());
    fake.on("/message/append", stored);
    fake.on("/completion/generate", move |_| {
        answers.next().unwrap_or_else(done)
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(
        (answer.text.as_str(), answer.status),
        ("Hello", Some(MessageStatus::Complete))
    );
    assert_eq!(sent.answer.new_text().as_deref(), Some("Hello"));
    Ok(())
}

#[tokio::test]
async fn an_answer_whose_log_is_gone_is_read_as_it_was_stored() -> Test {
    let fake = Fake::default();
    let problem = |status: u16, code: &str| {
        let body = json!({"type": "about:blank", "title": "T", "status": status, "code": code,
            "detail": "D", "traceId": "t"});
        (status, JSON, body.to_string())
    };
    fake.on("/conversation/create", |_| created());
    fake.on("/message/append", stored);
    fake.on("/completion/generate", move |_| {
        problem(410, "run_log_cleared")
    });
    fake.on("/message/0", |_| {
        let id = "0199c0de-0000-7000-8000-000000000001";
        let time = "2026-11-21T05:48:25.123Z";
        let body = json!({"id": id, "conversationId": id, "parentId": null, "seq": 2,
            "role": "assistant", "content": [{"type": "text", "text": "long ago"}],
            "status": "complete", "createdAt": time, "storedAt": time});
        (200, JSON, body.to_string())
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(
        (answer.text.as_str(), answer.status),
        ("long ago", Some(MessageStatus::Complete))
    );
    saved(&client).await?;
    // The question was appended; the answer is there already.
    assert_eq!(fake.calls("/message/append"), 1);
    Ok(())
}

/// How many connections a client may open in a second and a half to a stream that always breaks.
const FEW: usize = 10;

#[tokio::test]
async fn an_answer_whose_connections_all_break_is_not_asked_for_in_a_hurry() -> Test {
    let fake = Fake::default();
    fake.on("/conversation/create", |_| created());
    fake.on("/message/append", stored);
    fake.on("/completion/", |_| begun());
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .outbox(EngineConfig::default())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let second_and_a_half = std::time::Duration::from_millis(1_500);
    let ended = tokio::time::timeout(second_and_a_half, sent.answer.end()).await;
    assert!(ended.is_err(), "it has no end");
    let calls = fake.calls("/completion/");
    assert!((2..=FEW).contains(&calls), "{calls} connections");
    Ok(())
}

#[tokio::test]
async fn a_completion_whose_connections_all_break_is_not_read_in_a_hurry() -> Test {
    let fake = Fake::default();
    fake.on("/completion/", |_| begun());
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let prompt = [PromptMessage::user("Hello")];
    let config = ModelSettings::default();
    let mut stream = client
        .messages()
        .stream_completion(&prompt, &config)
        .await?;
    let read = async { while stream.next().await.is_some() {} };
    let second_and_a_half = std::time::Duration::from_millis(1_500);
    let ended = tokio::time::timeout(second_and_a_half, read).await;
    assert!(ended.is_err(), "it has no end");
    let calls = fake.calls("/completion/");
    assert!((2..=FEW).contains(&calls), "{calls} connections");
    Ok(())
}

/// A delta with an id of its own.
fn delta(number: usize, text: &str) -> String {
    let data = json!({"type": "text", "text": text});
    format!("id: r.{number}\nevent: delta\ndata: {data}\n\n")
}

#[tokio::test]
async fn a_server_that_repeats_events_doubles_no_words() -> Test {
    let fake = Fake::default();
    fake.on("/conversation/create", |_| created());
    fake.on("/message/append", stored);
    let mut connections = 0;
    // Whatever it is asked for, it begins at the beginning, and gets a little farther each time.
    fake.on("/completion/", move |_| {
        connections += 1;
        let words = ["one ", "two ", "three ", "four"];
        let told = words.iter().take(connections).enumerate();
        let mut events: String = told.map(|(number, word)| delta(number, word)).collect();
        if connections >= words.len() {
            events += "id: r.9\nevent: done\ndata: {\"finishReason\":\"stop\",\"status\":\"complete\",\"persisted\":true}\n\n";
        }
        (200, EVENTS, events)
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(answer.text, "one two three four");
    assert_eq!(sent.answer.new_text(), Some(answer.text));

    let prompt = [PromptMessage::user("Hello")];
    let config = ModelSettings::default();
    let mut stream = client
        .messages()
        .stream_completion(&prompt, &config)
        .await?;
    let mut events = 0;
    while let Some(event) = soon(stream.next()).await? {
        events += usize::from(!event.is_end());
    }
    assert_eq!(events, 4);
    Ok(())
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut() -> Test {
    let fake = Fake::default();
    fake.on("/conversation/create", |_| created());
    fake.on("/message/append", stored);
    let mut number = 0;
    let word = "y".repeat(500_000);
    fake.on("/completion/", move |_| {
        number += 1;
        (200, EVENTS, delta(number, &word))
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = soon(sent.answer.end()).await?;
    assert_eq!(answer.status, Some(MessageStatus::Failed));
    assert!(answer.text.len() < 5_000_000, "{}", answer.text.len());
    let code = answer.problem.map(|(code, _)| code);
    assert_eq!(code.as_deref(), Some("answer_too_large"));
    Ok(())
}
