//! Answers with their headers, and what must hold for every one of them.

use manent_testkit::Client;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::redaction::redacted;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Sends the request and reads the answer.
    pub(crate) async fn to(request: reqwest::RequestBuilder) -> anyhow::Result<Self> {
        let response = request.send().await?;
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }

    /// A header as text; empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON; `null` where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status and code of a problem, after checking everything that every problem must have.
    pub(crate) fn problem(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        assert_eq!(body["type"], "about:blank", "{body}");
        assert_eq!(body["status"], self.status, "{body}");
        assert_eq!(body["traceId"], self.header("x-trace-id"), "{body}");
        assert_eq!(self.header("x-trace-id").len(), 32, "{body}");
        assert!(body["title"].is_string(), "{body}");
        let detail = body["detail"].as_str().unwrap_or_default();
        assert!(
            begins_a_sentence(detail) && detail.ends_with(['.', '…']),
            "no sentence: {body}"
        );
        if let Some(wait) = body["retryAfterMs"].as_u64() {
            let seconds = wait.div_ceil(1000).max(1).to_string();
            assert_eq!(self.header("retry-after"), seconds, "{body}");
        }
        let code = body["code"].as_str().unwrap_or_default();
        (self.status, code.to_owned())
    }

    /// A problem as a whole, redacted.
    pub(crate) fn whole_problem(&self) -> Value {
        let _ = self.problem();
        redacted(&self.json())
    }
}

/// `POST` with exactly these bytes as JSON.
pub(crate) async fn post_bytes(
    client: &Client,
    path: &str,
    body: impl Into<Vec<u8>>,
) -> anyhow::Result<Reply> {
    let request = client
        .http()
        .post(client.url(path))
        .header("content-type", "application/json")
        .body(body.into());
    Reply::to(request).await
}

/// `GET`.
pub(crate) async fn get(client: &Client, path: &str) -> anyhow::Result<Reply> {
    Reply::to(client.http().get(client.url(path))).await
}

/// With a capital letter, or with a field's name.
fn begins_a_sentence(detail: &str) -> bool {
    let word = detail.split(' ').next().unwrap_or_default();
    word.ends_with(':') || word.chars().any(char::is_uppercase)
}
