//! What this surface does not do while a generation runs, refused so that the client does it by itself.

use axum::Json as JsonAnswer;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::{Asking, Writing};

/// Words for an answer that is being written: the client sends them when it has ended.
pub(in crate::librechat) async fn no_steer(
    _: Asking,
    _: Writing,
) -> (StatusCode, JsonAnswer<Value>) {
    let body = json!({ "code": "STEER_UNSUPPORTED", "error": "What is said to a running answer is sent after it" });
    (StatusCode::CONFLICT, JsonAnswer(body))
}

/// Answers to questions of tools, of which there are none.
pub(in crate::librechat) async fn no_resume(_: Asking) -> (StatusCode, JsonAnswer<Value>) {
    let body = json!({ "code": "NO_ACTIVE_RUN", "error": "No generation waits for an answer" });
    (StatusCode::NOT_FOUND, JsonAnswer(body))
}
