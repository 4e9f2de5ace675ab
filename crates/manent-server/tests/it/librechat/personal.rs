//! What a person keeps in LibreChat's client beside conversations.

mod favorites;
mod presets;
mod projects;
mod prompts;
mod shares;
mod tags;

use manent_testkit::{Client, TestServer, new_id};
use serde_json::{Value, json};

/// A server for its one owner.
async fn world() -> anyhow::Result<TestServer> {
    TestServer::start_with("[librechat]\nenabled = true\n").await
}

/// A conversation with this title.
async fn conversation(client: &Client, title: &str) -> anyhow::Result<String> {
    let id = new_id();
    let body = json!({"id": id, "title": title});
    let made = client.post("/conversation/create", &body).await?;
    anyhow::ensure!(made.status < 300, "{made:?}");
    Ok(id)
}

/// Sends with any method; the status and the body.
async fn send(
    client: &Client,
    method: &str,
    path: &str,
    body: Value,
) -> anyhow::Result<(u16, Value)> {
    let request = client.http().request(method.parse()?, client.url(path));
    let request = if body.is_null() {
        request
    } else {
        request.json(&body)
    };
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Reads something that is there.
async fn read(client: &Client, path: &str) -> anyhow::Result<Value> {
    let (status, body) = send(client, "GET", path, Value::Null).await?;
    anyhow::ensure!(status == 200, "{path}: {status} {body}");
    Ok(body)
}

/// The values of one member in a list.
fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|one| &one[member]).collect()
}
