//! Generations of LibreChat's client.

mod beginnings;
mod branches;
mod endings;
mod refusals;
mod resuming;

use manent_testkit::{Client, EventReader, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::upstream::{Call, Upstream};

/// The parent of what has none.
const NO_PARENT: &str = "00000000-0000-0000-0000-000000000000";

/// A server for its one owner, with a provider that says what the test tells it to say.
async fn world(configuration: &str, provider: &str) -> anyhow::Result<(Upstream, TestServer)> {
    let configuration = format!("{configuration}\n[librechat]\nenabled = true\n");
    Upstream::with_server(&configuration, provider).await
}

/// The body of a first turn.
fn first(text: &str) -> Value {
    json!({
        "text": text, "messageId": "placeholder", "parentMessageId": NO_PARENT, "endpoint": "gated", "endpointType": "custom", "model": "m",
        "isTemporary": false, "isContinued": false,
    })
}

/// The same with other members.
fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// Begins a generation.
async fn start(client: &Client, body: &Value) -> anyhow::Result<Value> {
    let answer = client.post("/api/agents/chat/gated", body).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.body)
}

/// Reads a generation.
async fn read(client: &Client, conversation: &Value, query: &str) -> anyhow::Result<EventReader> {
    let id = conversation.as_str().unwrap_or_default();
    let path = format!("/api/agents/chat/stream/{id}{query}");
    EventReader::new(client.http().get(client.url(&path)).send().await?)
}

/// What came of a generation, for its one reader.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    /// As the client puts it together from the frames.
    content: Vec<Value>,
    /// The first frame.
    created: Value,
    /// The last frame.
    last: Value,
    /// The names of what came between, without the parts of the answer.
    others: Vec<String>,
}

/// Reads on to the end, as the client does: from what it has.
async fn tell(stream: &mut EventReader, mut content: Vec<Value>) -> anyhow::Result<Told> {
    let mut told = Told {
        content: Vec::new(),
        created: Value::Null,
        last: Value::Null,
        others: Vec::new(),
    };
    while let Some(event) = stream.next().await? {
        anyhow::ensure!(event.name == "message", "{event:?}");
        anyhow::ensure!(told.last.is_null(), "after the end: {event:?}");
        let data = event.data;
        if data["created"] == true {
            told.created = data;
        } else if data["final"] == true {
            told.last = data;
        } else if data["sync"] == true {
            content = parts(&data["resumeState"]["aggregatedContent"]);
        } else if !take(&mut content, &data)? {
            told.others
                .push(data["event"].as_str().unwrap_or("?").to_owned());
        }
    }
    anyhow::ensure!(!told.last.is_null(), "a stream without its end: {told:?}");
    told.content = content;
    Ok(told)
}

fn parts(content: &Value) -> Vec<Value> {
    content.as_array().cloned().unwrap_or_default()
}

/// Puts a step or a delta to the content; tells whether it was one.
fn take(content: &mut Vec<Value>, frame: &Value) -> anyhow::Result<bool> {
    let data = &frame["data"];
    match frame["event"].as_str() {
        Some("on_run_step") => {
            anyhow::ensure!(data["index"] == content.len(), "{frame}");
            content.push(Value::Null);
        }
        Some("on_message_delta" | "on_reasoning_delta") => {
            let id = data["id"].as_str().unwrap_or_default();
            let at: usize = id.rsplit('_').next().unwrap_or_default().parse()?;
            let delta = &data["delta"]["content"][0];
            let kind = delta["type"].as_str().unwrap_or_default();
            let part = content
                .get_mut(at)
                .ok_or_else(|| anyhow::anyhow!("no step for {frame}"))?;
            anyhow::ensure!(part.is_null() || part["type"] == kind, "{part} {frame}");
            let old = part[kind].as_str().unwrap_or_default();
            let whole = format!("{old}{}", delta[kind].as_str().unwrap_or_default());
            *part = json!({ "type": kind, kind: whole });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A generation that has begun, with the call to its provider.
async fn begun(
    upstream: &mut Upstream,
    client: &Client,
    body: &Value,
) -> anyhow::Result<(Value, Call)> {
    let (started, call) = tokio::join!(start(client, body), upstream.call());
    Ok((started?, call?))
}

/// A whole turn: what began and what came of it.
async fn turn(
    upstream: &mut Upstream,
    client: &Client,
    body: &Value,
    answer: &str,
) -> anyhow::Result<(Value, Told)> {
    let (started, call) = begun(upstream, client, body).await?;
    call.say(answer)?;
    call.finish()?;
    let mut stream = read(client, &started["conversationId"], "").await?;
    Ok((started, tell(&mut stream, Vec::new()).await?))
}

/// The messages of a conversation.
async fn messages(client: &Client, conversation: &Value) -> anyhow::Result<Vec<Value>> {
    let id = conversation.as_str().unwrap_or_default();
    let answer = client.get(&format!("/api/messages/{id}")).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(parts(&answer.body))
}

/// What one part of an answer says.
fn text(words: &str) -> Value {
    json!({ "type": "text", "text": words })
}

/// The roles and words of what a provider was asked.
fn asked(call: &Call) -> Vec<(String, String)> {
    parts(&call.body["messages"])
        .iter()
        .map(|message| {
            let role = message["role"].as_str().unwrap_or_default().to_owned();
            let content = match &message["content"] {
                Value::String(text) => text.clone(),
                other => other[0]["text"].as_str().unwrap_or_default().to_owned(),
            };
            (role, content)
        })
        .collect()
}

/// Words with who says them.
fn said(role: &str, words: &str) -> (String, String) {
    (role.to_owned(), words.to_owned())
}

/// An id that nothing has.
fn nobody() -> Value {
    new_id().into()
}
