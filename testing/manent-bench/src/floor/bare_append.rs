//! The same append requests with no store behind them: the body is parsed and each item is answered as if it were stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::proxy::serve;

#[derive(Deserialize)]
struct Request {
    message: Message,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    id: String,
    #[serde(rename = "conversationId")]
    _conversation_id: String,
    #[serde(rename = "parentId")]
    _parent_id: Option<String>,
    #[serde(rename = "role")]
    _role: String,
    #[serde(rename = "content")]
    _content: String,
}

#[derive(Serialize)]
struct Answer {
    results: [Stored; 1],
}

#[derive(Serialize)]
struct Stored {
    id: String,
    outcome: &'static str,
    seq: u64,
}

/// Runs it until the process is stopped.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn run() -> anyhow::Result<()> {
    let router = Router::new()
        .route("/message/append", post(append))
        .with_state(Arc::new(AtomicU64::new(0)));
    serve(router).await
}

async fn append(
    State(last_seq): State<Arc<AtomicU64>>,
    Json(request): Json<Request>,
) -> Json<Answer> {
    let stored = Stored {
        id: request.message.id,
        outcome: "stored",
        seq: last_seq.fetch_add(1, Ordering::Relaxed) + 1,
    };
    Json(Answer { results: [stored] })
}
