//! Streams of tokens.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;

use super::client::Client;
use crate::upstream::{Script, TOKEN_MARK};

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
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamTimes {
    /// From sending the request until the first token was there.
    pub(crate) first_token: Duration,
}

/// Asks for a stream and reads it to its end.
///
/// # Errors
/// When the connection breaks, the status is no success, or a token is missing.
pub(crate) async fn read(
    client: &mut Client,
    target: StreamTarget,
    script: Script,
) -> anyhow::Result<StreamTimes> {
    let body = target.body(script);
    let started = Instant::now();
    let response = client.send(Method::POST, target.path(), body).await?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let answer = body.collect().await?.to_bytes();
        bail!(
            "{} answered {status}: {}",
            target.path(),
            String::from_utf8_lossy(&answer)
        );
    }
    let mut first_token = None;
    let mut tokens = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        tokens += memchr::memchr_iter(TOKEN_MARK, &data).count();
        if first_token.is_none() && tokens > 0 {
            first_token = Some(started.elapsed());
        }
    }
    ensure!(
        tokens == script.tokens,
        "{} streamed {tokens} of {} tokens",
        target.path(),
        script.tokens
    );
    let first_token = first_token.context("a stream without tokens")?;
    Ok(StreamTimes { first_token })
}
