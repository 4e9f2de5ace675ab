//! A server that answers nonsense costs retries, and never a message.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use manent_client::{
    EngineConfig, ItemState, MessageStatus, ModelSettings, PromptMessage, QueueError,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Test, builder, saved, soon};

/// Status, kind and body of an answer.
type Said = (u16, &'static str, String);

/// Answers the calls of one path, one after the other; the last answer again and again.
type Script = Box<dyn FnMut(&Value) -> Said + Send>;

#[derive(Clone, Default)]
struct Fake {
    scripts: Arc<Mutex<HashMap<&'static str, Script>>>,
    /// Paths with their traces.
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Fake {
    fn on(&self, path: &'static str, script: impl FnMut(&Value) -> Said + Send + 'static) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(path, Box::new(script));
    }

    fn calls(&self, path: &str) -> usize {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .filter(|(call, _)| call.starts_with(path))
            .count()
    }

    /// The traces of all calls so far.
    fn traces(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(_, trace)| trace.clone()).collect()
    }

    async fn start(&self) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let trace = request.headers().get("traceparent").cloned();
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let trace = trace.and_then(|trace| Some(trace.to_str().ok()?.to_owned()));
    fake.calls
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((path.clone(), trace.unwrap_or_default()));
    let mut scripts = fake.scripts.lock().unwrap_or_else(PoisonError::into_inner);
    let script = scripts
        .iter_mut()
        .find(|(prefix, _)| path.starts_with(**prefix));
    let (status, kind, text) = match script {
        Some((_, script)) => script(&body),
        None => (404, "text/html", "<html>no such page</html>".to_owned()),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const EVENTS: &str = "text/event-stream";

fn created() -> Said {
    (201, JSON, json!({"id": "x"}).to_string())
}

/// Every item stored, as a server does it.
fn stored(body: &Value) -> Said {
    let results: Vec<Value> = body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|message| json!({"id": message["id"], "outcome": "stored", "seq": message["deviceSeq"]}))
        .collect();
    (200, JSON, json!({"results": results}).to_string())
}

/// Gives these answers first, then makes sense.
fn after(nonsense: Vec<Said>) -> impl FnMut(&Value) -> Said + Send {
    let mut nonsense = nonsense.into_iter();
    move |body| nonsense.next().unwrap_or_else(|| stored(body))
}

fn done() -> Said {
    let events = "id: r.1\nevent: start\ndata: {\"provider\":\"p\",\"model\":\"m\"}\n\n\
        id: r.2\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"Hello\"}\n\n\
        id: r.3\nevent: done\ndata: {\"finishReason\":\"stop\",\"status\":\"complete\",\"persisted\":true}\n\n";
    (200, EVENTS, events.to_owned())
}

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

/// The beginning of an answer, and then nothing: the connection ends.
fn begun() -> Said {
    let events = "id: r.1\nevent: start\ndata: {\"provider\":\"p\",\"model\":\"m\"}\n\n\
        id: r.2\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"Hello\"}\n\n";
    (200, EVENTS, events.to_owned())
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
