//! What the tests of this binary share.

pub(crate) mod database;
pub(crate) mod mailbox;
pub(crate) mod redaction;
pub(crate) mod reply;
pub(crate) mod servers;
pub(crate) mod upstream;

use manent_testkit::Client;
use serde_json::{Value, json};

/// What a test returns.
pub(crate) type Test = anyhow::Result<()>;

/// A new conversation's id, created through the API.
pub(crate) async fn create(client: &Client) -> anyhow::Result<String> {
    let id = manent_testkit::new_id();
    let answer = client
        .post("/conversation/create", &json!({"id": id}))
        .await?;
    anyhow::ensure!(answer.status == 201, "{answer:?}");
    Ok(id)
}

/// Appends and gives the results, of an answer that must be 200.
pub(crate) async fn append(client: &Client, body: &Value) -> anyhow::Result<Value> {
    let answer = client.post("/message/append", body).await?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.body["results"].clone())
}

/// Stores one user message and gives its id.
pub(crate) async fn say(client: &Client, conversation: &str, text: &str) -> anyhow::Result<String> {
    let id = manent_testkit::new_id();
    let message =
        json!({"id": id, "conversationId": conversation, "role": "user", "content": text});
    let results = append(client, &json!({"message": message})).await?;
    anyhow::ensure!(results[0]["outcome"] == "stored", "{results}");
    Ok(id)
}
