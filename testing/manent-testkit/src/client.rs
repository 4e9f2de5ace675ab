//! A client that tells status and body.

use std::net::SocketAddr;

use serde_json::Value;

use crate::events::EventReader;

/// What the server answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON; a text where it is none; `null` where there is none.
    pub body: Value,
}

impl Answer {
    /// The stable code of a problem; empty when there is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Talks to one server.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    /// A client for this server.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            base: format!("http://{address}"),
            http,
        })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The HTTP client, for requests of another form.
    pub const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// `GET`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(self.url(path))).await
    }

    /// `POST` with JSON.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// `PATCH` with JSON.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.http.patch(self.url(path)).json(body)).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.http.delete(self.url(path))).await
    }

    /// Any request.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        Ok(Answer { status, body })
    }

    /// Starts a generation and reads its events as they come.
    ///
    /// # Errors
    /// When there is no answer, or one that is no stream of events.
    pub async fn generate(&self, body: &Value) -> anyhow::Result<EventReader> {
        self.events(self.http.post(self.url("/completion/generate")).json(body))
            .await
    }

    /// Starts a turn and reads its events as they come.
    ///
    /// # Errors
    /// When there is no answer, or one that is no stream of events.
    pub async fn turn(&self, body: &Value) -> anyhow::Result<EventReader> {
        self.events(self.http.post(self.url("/turn/start")).json(body))
            .await
    }

    /// Reads a run's events after a place; from the beginning when it is empty.
    ///
    /// # Errors
    /// When there is no answer, or one that is no stream of events.
    pub async fn attach(&self, run: &str, after: &str) -> anyhow::Result<EventReader> {
        let mut path = format!("/completion/{run}");
        if !after.is_empty() {
            path = format!("{path}?after={after}");
        }
        self.events(self.http.get(self.url(&path))).await
    }

    /// Reads the feed after a place; from now on when it is empty.
    ///
    /// # Errors
    /// When there is no answer, or one that is no stream of events.
    pub async fn feed(&self, after: &str) -> anyhow::Result<EventReader> {
        let path = if after.is_empty() {
            "/feed".to_owned()
        } else {
            format!("/feed?after={after}")
        };
        self.events(self.http.get(self.url(&path))).await
    }

    /// Sends a request and reads the events of its answer as they come.
    ///
    /// # Errors
    /// When there is no answer, or one that is no stream of events.
    pub async fn events(&self, request: reqwest::RequestBuilder) -> anyhow::Result<EventReader> {
        EventReader::new(request.send().await?)
    }

    /// All messages of a conversation, oldest first, over as many pages as there are.
    ///
    /// # Errors
    /// When there is no answer, or another one than 200.
    pub async fn all_messages(&self, conversation: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut path = format!("/conversation/{conversation}/messages?limit=200");
        loop {
            let answer = self.get(&path).await?;
            anyhow::ensure!(answer.status == 200, "reading messages: {answer:?}");
            all.extend(
                answer.body["messages"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default(),
            );
            match answer.body["next"].as_str() {
                Some(next) => {
                    path = format!("/conversation/{conversation}/messages?limit=200&cursor={next}");
                }
                None => return Ok(all),
            }
        }
    }
}
