//! Calls of the native API that the proofs make.

use manent_testkit::{Answer, Client};
use serde_json::{Value, json};

use crate::stream::{EventStream, Opened};

/// The API of one server.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
}

impl Api {
    /// Over this client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// For everything that has no name here.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// `GET`, which must answer 200.
    ///
    /// # Errors
    /// When there is no answer, or another one.
    pub async fn read(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(path).await?;
        anyhow::ensure!(answer.status == 200, "reading {path}: {answer:?}");
        Ok(answer.body)
    }

    /// Creates a conversation.
    ///
    /// # Errors
    /// When there is no answer, or it is not created.
    pub async fn create(&self, id: &str) -> anyhow::Result<()> {
        let answer = self
            .client
            .post("/conversation/create", &json!({"id": id}))
            .await?;
        anyhow::ensure!(matches!(answer.status, 200 | 201), "creating: {answer:?}");
        Ok(())
    }

    /// Appends one message of a person, plainly.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn append(&self, conversation: &str, id: &str, text: &str) -> anyhow::Result<Answer> {
        let message =
            json!({"id": id, "conversationId": conversation, "role": "user", "content": text});
        self.client
            .post("/message/append", &json!({"messages": [message]}))
            .await
    }

    /// One message; absent while it is not there.
    ///
    /// # Errors
    /// When there is no answer, or another one than 200 and 404.
    pub async fn message(&self, id: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.client.get(&format!("/message/{id}")).await?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => anyhow::bail!("reading a message: {answer:?}"),
        }
    }

    /// One message that is not `running` any more; absent while it is not there.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub async fn ended_message(&self, id: &str) -> anyhow::Result<Option<Value>> {
        let message = self.message(id).await?;
        Ok(message.filter(|message| message["status"] != "running"))
    }

    /// How a run stands.
    ///
    /// # Errors
    /// When there is no answer, or another one than 200.
    pub async fn status(&self, run: &str) -> anyhow::Result<Value> {
        self.read(&format!("/completion/{run}/status")).await
    }

    /// Starts a turn.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn turn(&self, body: &Value) -> anyhow::Result<Opened> {
        self.stream("/turn/start", body).await
    }

    /// Starts a generation.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn generate(&self, body: &Value) -> anyhow::Result<Opened> {
        self.stream("/completion/generate", body).await
    }

    /// Attaches to a run, after an event that was seen or at its beginning.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn attach(&self, run: &str, last: Option<&str>) -> anyhow::Result<Opened> {
        self.events(&format!("/completion/{run}"), last).await
    }

    /// Attaches to the feed, after an entry that was seen; `Some("0")` is its beginning.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn feed(&self, last: Option<&str>) -> anyhow::Result<Opened> {
        self.events("/feed", last).await
    }

    /// All messages of a conversation, oldest first.
    ///
    /// # Errors
    /// When there is no answer, or another one than 200.
    pub async fn messages(&self, conversation: &str) -> anyhow::Result<Vec<Value>> {
        self.client.all_messages(conversation).await
    }

    async fn stream(&self, path: &str, body: &Value) -> anyhow::Result<Opened> {
        let http = self.client.http();
        EventStream::open(http.post(self.client.url(path)).json(body)).await
    }

    async fn events(&self, path: &str, last: Option<&str>) -> anyhow::Result<Opened> {
        let mut request = self.client.http().get(self.client.url(path));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        EventStream::open(request).await
    }
}

/// The text of a message, without what is no text.
pub fn text_of(message: &Value) -> String {
    let parts = message["content"].as_array();
    let texts = parts
        .into_iter()
        .flatten()
        .filter(|part| part["type"] == "text");
    texts.filter_map(|part| part["text"].as_str()).collect()
}
