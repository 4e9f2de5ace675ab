//! The parsing pass-through: as the bare one, but each server-sent event is cut out, its JSON parsed and a delta of another form written.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::post;
use bytes::BytesMut;
use futures_util::StreamExt;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::proxy::{Upstream, serve};

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Serialize)]
struct Emitted<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// Runs it until the process is stopped.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    let upstream = Upstream::new(upstream)?;
    let router = Router::new()
        .route("/v1/chat/completions", post(forward))
        .with_state(upstream);
    serve(router).await
}

async fn forward(
    State(upstream): State<Upstream>,
    body: Bytes,
) -> Result<Response<Body>, StatusCode> {
    let request = Request::post(upstream.uri)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let response = upstream
        .client
        .request(request)
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    let status = response.status();
    let mut splitter = Splitter::default();
    let events = Body::new(response.into_body())
        .into_data_stream()
        .map(move |data| splitter.translate(&data.map_err(std::io::Error::other)?));
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/event-stream")
        .body(Body::from_stream(events))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[derive(Default)]
struct Splitter {
    pending: BytesMut,
    id: u64,
}

impl Splitter {
    fn translate(&mut self, data: &[u8]) -> Result<Bytes, std::io::Error> {
        self.pending.extend_from_slice(data);
        let mut out = Vec::with_capacity(data.len());
        while let Some(end) = memmem::find(&self.pending, b"\n\n") {
            let event = self.pending.split_to(end + 2);
            let Some(data) = event.strip_prefix(b"data: ") else {
                continue;
            };
            let data = &data[..data.len() - 2];
            if data == b"[DONE]" {
                out.extend_from_slice(b"event: done\ndata: {}\n\n");
                continue;
            }
            let chunk: Chunk = serde_json::from_slice(data)?;
            for choice in chunk.choices {
                if let Some(text) = choice.delta.content {
                    self.id += 1;
                    out.extend_from_slice(
                        format!("id: {}\nevent: delta\ndata: ", self.id).as_bytes(),
                    );
                    let r#type = "text";
                    serde_json::to_writer(
                        &mut out,
                        &Emitted {
                            r#type,
                            text: &text,
                        },
                    )?;
                    out.extend_from_slice(b"\n\n");
                }
            }
        }
        Ok(out.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_events_cut_anywhere() {
        let input = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
        let expected = b"id: 1\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"a\"}\n\nevent: done\ndata: {}\n\n";
        for cut in 0..input.len() {
            let mut splitter = Splitter::default();
            let mut out = splitter.translate(&input[..cut]).unwrap().to_vec();
            out.extend_from_slice(&splitter.translate(&input[cut..]).unwrap());
            assert_eq!(out, expected, "cut at {cut}");
        }
    }
}
