//! How the server stands, and what it has: `/api/search/enable`, `/api/files/config`, `/health`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use serde_json::{Value, json};

use super::answer::Refusal;
use crate::access::Reading;
use crate::app::App;

/// Whether the client offers to search.
pub(super) async fn has_search(
    State(app): State<App>,
    _: Reading,
) -> Result<JsonAnswer<bool>, Refusal> {
    Ok(JsonAnswer(app.librechat()?.settings.variables.has_search))
}

/// Bounds of files, where the configuration sets some; the client has its own for the rest.
pub(super) async fn files(
    State(app): State<App>,
    _: Reading,
) -> Result<JsonAnswer<Value>, Refusal> {
    let config = app.librechat()?.settings.file_config.clone();
    Ok(JsonAnswer(config.unwrap_or_else(|| json!({}))))
}

/// The server answers.
pub(super) async fn health() -> &'static str {
    "OK"
}
