//! Streams of tokens.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;

use super::client::Client;
use super::tokens::TokenReader;
use crate::upstream::Script;

/// What kind of server is asked for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `POST /completion/generate`.
    Manent,
    /// `POST /v1/chat/completions`.
    OpenAi,
}

/// Where to ask, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamTarget {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Its API.
    pub(crate) dialect: Dialect,
}

impl StreamTarget {
    fn path(self) -> &'static str {
        match self.dialect {
            Dialect::Manent => "/completion/generate",
            Dialect::OpenAi => "/v1/chat/completions",
        }
    }

    fn body(self, script: Script) -> Bytes {
        let messages = json!([{"role": "user", "content": script.text()}]);
        let body = match self.dialect {
            Dialect::Manent => {
                json!({"messages": messages, "config": {"provider": "bench", "model": "bench"}})
            }
            Dialect::OpenAi => json!({"messages": messages, "model": "bench", "stream": true}),
        };
        body.to_string().into()
    }
}

/// One stream as its reader saw it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// From sending the request until the first token was there.
    pub(crate) first_token: Duration,
    /// What came.
    pub(crate) tokens: TokenReader,
}

/// Asks for a stream and reads it to its end.
///
/// # Errors
/// When the connection breaks, the status is no success, or a token is missing.
pub(crate) async fn read(
    client: &mut Client,
    target: StreamTarget,
    script: Script,
) -> anyhow::Result<Reading> {
    let reading = read_path(client, Method::POST, target.path(), target.body(script)).await?;
    ensure!(
        reading.tokens.count() == script.tokens,
        "{} streamed {} of {} tokens",
        target.path(),
        reading.tokens.count(),
        script.tokens
    );
    Ok(reading)
}

/// Reads any stream to its end.
///
/// # Errors
/// When the connection breaks, the status is no success, or there is no token at all.
pub(crate) async fn read_path(
    client: &mut Client,
    method: Method,
    path: &str,
    body: Bytes,
) -> anyhow::Result<Reading> {
    let started = Instant::now();
    let response = client.send(method, path, body).await?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let answer = body.collect().await?.to_bytes();
        bail!(
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    let mut first_token = None;
    let mut tokens = TokenReader::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let now = Instant::now();
        tokens.take(&data, now);
        if first_token.is_none() && tokens.count() > 0 {
            first_token = Some(now.saturating_duration_since(started));
        }
    }
    let first_token =
        first_token.with_context(|| format!("a stream without tokens from {path}"))?;
    Ok(Reading {
        first_token,
        tokens,
    })
}
