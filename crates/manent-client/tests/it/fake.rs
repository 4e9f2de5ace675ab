//! A server that says what it is told to say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Status, kind and body of an answer.
pub(crate) type Said = (u16, &'static str, String);

/// Answers the calls of one path, one after the other; the last answer again and again.
type Script = Box<dyn FnMut(&Value) -> Said + Send>;

#[derive(Clone, Default)]
pub(crate) struct Fake {
    scripts: Arc<Mutex<HashMap<&'static str, Script>>>,
    /// Paths with their traces.
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Fake {
    pub(crate) fn on(
        &self,
        path: &'static str,
        script: impl FnMut(&Value) -> Said + Send + 'static,
    ) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(path, Box::new(script));
    }

    pub(crate) fn calls(&self, path: &str) -> usize {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .filter(|(call, _)| call.starts_with(path))
            .count()
    }

    /// The traces of all calls so far.
    pub(crate) fn traces(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(_, trace)| trace.clone()).collect()
    }

    pub(crate) async fn start(&self) -> anyhow::Result<SocketAddr> {
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

pub(crate) const JSON: &str = "application/json";
pub(crate) const HTML: &str = "text/html";
pub(crate) const EVENTS: &str = "text/event-stream";

pub(crate) fn created() -> Said {
    (201, JSON, json!({"id": "x"}).to_string())
}

/// Every item stored, as a server does it.
pub(crate) fn stored(body: &Value) -> Said {
    let results: Vec<Value> = body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|message| json!({"id": message["id"], "outcome": "stored", "seq": message["deviceSeq"]}))
        .collect();
    (200, JSON, json!({"results": results}).to_string())
}

/// Gives these answers first, then makes sense.
pub(crate) fn after(nonsense: Vec<Said>) -> impl FnMut(&Value) -> Said + Send {
    let mut nonsense = nonsense.into_iter();
    move |body| nonsense.next().unwrap_or_else(|| stored(body))
}

pub(crate) fn done() -> Said {
    let events = "id: r.1\nevent: start\ndata: {\"provider\":\"p\",\"model\":\"m\"}\n\n\
        id: r.2\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"Hello\"}\n\n\
        id: r.3\nevent: done\ndata: {\"finishReason\":\"stop\",\"status\":\"complete\",\"persisted\":true}\n\n";
    (200, EVENTS, events.to_owned())
}

/// The beginning of an answer, and then nothing: the connection ends.
pub(crate) fn begun() -> Said {
    let events = "id: r.1\nevent: start\ndata: {\"provider\":\"p\",\"model\":\"m\"}\n\n\
        id: r.2\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"Hello\"}\n\n";
    (200, EVENTS, events.to_owned())
}
