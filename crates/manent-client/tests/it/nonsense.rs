//! A server that answers nonsense costs retries, and never a message.

use std::sync::{Arc, Mutex, PoisonError};

use manent_client::{ItemState, QueueError};
use serde_json::{Value, json};

use crate::fake::{EVENTS, Fake, HTML, JSON, after, created, done, stored};
use crate::support::{Test, builder, saved, soon};

#[tokio::test]
async fn nonsense_for_an_append_is_retried_until_it_makes_sense() -> Test {
    let fake = Fake::default();
    let other = "0199c0de-0000-7000-8000-000000000001";
    let nonsense = vec![
        (200, HTML, "<html>Welcome to the hotel</html>".to_owned()),
        (200, JSON, r#"{"results":[{"id":"#.to_owned()),
        (200, JSON, r#"{"results":[]}"#.to_owned()),
        (
            200,
            JSON,
            format!(r#"{{"results":[{{"id":"{other}","outcome":"stored","seq":1}}]}}"#),
        ),
        (200, JSON, "null".to_owned()),
        (302, HTML, String::new()),
        (404, HTML, "<html>no such page</html>".to_owned()),
        (502, HTML, "bad gateway".to_owned()),
        (200, EVENTS, "data: hello\n\n".to_owned()),
    ];
    let count = nonsense.len();
    fake.on("/conversation/create", |_| created());
    fake.on("/completion/generate", |_| done());
    fake.on("/message/append", after(nonsense));
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    soon(sent.answer.end()).await?;
    saved(&client).await?;
    assert_eq!(client.persistence().queue_status().failed, 0);
    assert_eq!(fake.calls("/message/append"), count + 1);
    Ok(())
}

#[tokio::test]
async fn one_trace_runs_from_the_key_press_to_the_conversation_the_message_and_the_answer() -> Test
{
    let fake = Fake::default();
    let traces_of_items = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&traces_of_items);
    fake.on("/conversation/create", |_| created());
    fake.on("/completion/generate", |_| done());
    fake.on("/message/append", move |body| {
        let trace = body["messages"][0]["traceparent"].clone();
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(trace);
        stored(body)
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    soon(sent.answer.end()).await?;
    saved(&client).await?;
    let mut traces = fake.traces();
    assert!(traces.len() >= 3, "{traces:?}");
    let of_items = traces_of_items
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    traces.extend(
        of_items
            .iter()
            .map(|trace| trace.as_str().unwrap_or_default().to_owned()),
    );
    let first = traces[0].clone();
    assert_eq!(first.len(), 55);
    assert!(traces.iter().all(|trace| *trace == first), "{traces:?}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_says_welcome_created_no_conversation() -> Test {
    let fake = Fake::default();
    let mut creations = vec![
        (200, HTML, "<html>Welcome</html>".to_owned()),
        (201, JSON, "{".to_owned()),
    ]
    .into_iter();
    fake.on("/conversation/create", move |_| {
        creations.next().unwrap_or_else(created)
    });
    fake.on("/completion/generate", |_| done());
    fake.on("/message/append", stored);
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let sent = client.messages().send_message("Hello", None).await?;
    saved(&client).await?;
    assert!(fake.calls("/conversation/create") >= 3);
    let state = client.persistence().status(sent.message_id).await?;
    assert_eq!(state, Some(ItemState::Saved { position: Some(1) }));
    Ok(())
}

#[tokio::test]
async fn fewer_outcomes_than_items_leave_the_others_queued_until_they_are_told() -> Test {
    let fake = Fake::default();
    fake.on("/conversation/create", |_| created());
    fake.on("/completion/generate", |_| (500, HTML, String::new()));
    fake.on("/message/append", |body| {
        let (status, kind, text) = stored(body);
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(results) = answer["results"].as_array_mut() {
            results.truncate(1);
        }
        (status, kind, answer.to_string())
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let mut conversation = None;
    for text in ["one", "two", "three"] {
        let sent = client.messages().send_message(text, conversation).await?;
        conversation = Some(sent.conversation_id);
    }
    saved(&client).await?;
    assert_eq!(client.persistence().queue_status().failed, 0);
    Ok(())
}

#[tokio::test]
async fn a_message_whose_id_is_taken_is_sent_again_under_a_new_one() -> Test {
    let fake = Fake::default();
    let mut is_first = true;
    fake.on("/conversation/create", |_| created());
    fake.on("/completion/generate", |_| (500, HTML, String::new()));
    fake.on("/message/append", move |body| {
        if !std::mem::take(&mut is_first) {
            return stored(body);
        }
        let id = &body["messages"][0]["id"];
        let result = json!({"id": id, "outcome": "conflict", "code": "id_taken"});
        (200, JSON, json!({"results": [result]}).to_string())
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let persistence = client.persistence();
    let sent = client.messages().send_message("Hello", None).await?;
    let mut status = persistence.watch_status();
    soon(status.wait_for(|status| status.failed == 1)).await??;
    assert_eq!(
        persistence.retry(sent.message_id, None).await,
        Err(QueueError::NeedsNewId)
    );
    let id = persistence.resend(sent.message_id).await?;
    saved(&client).await?;
    assert_eq!(persistence.status(sent.message_id).await?, None);
    let state = persistence.status(id).await?;
    assert!(matches!(state, Some(ItemState::Saved { .. })), "{state:?}");
    let again = soon(persistence.resend(sent.message_id)).await?;
    assert_eq!(again, Err(QueueError::Unknown));
    Ok(())
}

#[tokio::test]
async fn a_refusal_by_something_on_the_way_fails_no_message() -> Test {
    let fake = Fake::default();
    fake.on("/conversation/create", |_| created());
    fake.on("/completion/generate", |_| {
        (403, HTML, "<html>blocked</html>".to_owned())
    });
    fake.on("/message/append", |_| {
        (403, HTML, "<html>not from your desk</html>".to_owned())
    });
    let directory = tempfile::tempdir()?;
    let client = builder(fake.start().await?, directory.path())
        .open()
        .await?;
    let sent = client.messages().send_message("Hello", None).await?;
    let mut status = client.persistence().watch_status();
    soon(status.wait_for(|status| status.wait.is_some())).await??;
    let state = client.persistence().status(sent.message_id).await?;
    assert!(
        matches!(state, Some(ItemState::Waiting(_) | ItemState::Sending)),
        "{state:?}"
    );
    assert!(!sent.answer.progress().has_ended());
    Ok(())
}
