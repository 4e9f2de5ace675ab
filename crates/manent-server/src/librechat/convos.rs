//! `/api/convos…`: conversations.
//!
//! Invariants: what is in the trash is gone for this client, on every path; whatever changes a conversation answers the whole of it.

mod change;
mod copy;
mod delete;
mod import;
mod list;
mod store;

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use manent_domain::conversation::Conversation;
use manent_domain::error::DomainError;
use manent_types::{ConversationId, UserId};
use serde_json::{Map, Value, json};

use super::chat::{ChatRefusal, Named, told_conversation};
use crate::access::Reading;
use crate::app::App;

pub(super) use change::{archive, archive_all, pin, update};
pub(super) use copy::{duplicate, fork};
pub(super) use delete::{delete, delete_all};
pub(super) use import::import;
pub(super) use list::list;

/// One conversation.
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(id): Named,
) -> Result<Response, ChatRefusal> {
    let gone = || Ok(StatusCode::NOT_FOUND.into_response());
    let Some(id) = id else { return gone() };
    match present(&app, owner, id).await {
        Ok(conversation) => {
            Ok(JsonAnswer(told_conversation(&app, owner, &conversation)).into_response())
        }
        Err(DomainError::ConversationNotFound) => gone(),
        Err(error) => Err(error.into()),
    }
}

/// A conversation that is not in the trash.
pub(super) async fn present(
    app: &App,
    owner: UserId,
    id: ConversationId,
) -> Result<Conversation, DomainError> {
    let conversation = app.conversations.get(owner, id).await?;
    if conversation.trashed_at.is_some() {
        return Err(DomainError::ConversationNotFound);
    }
    Ok(conversation)
}

/// 400, with a reason.
fn bad(reason: &str) -> ChatRefusal {
    ChatRefusal::Bad(json!({ "error": reason }))
}

fn not_found() -> ChatRefusal {
    ChatRefusal::NotFound("Conversation not found")
}

/// What stands in the `arg` of a body.
fn argument(mut body: Map<String, Value>) -> Map<String, Value> {
    match body.remove("arg") {
        Some(Value::Object(argument)) => argument,
        _ => Map::new(),
    }
}

/// The conversation that a body names.
fn named(body: &Map<String, Value>) -> Result<ConversationId, ChatRefusal> {
    match body.get("conversationId") {
        Some(Value::String(id)) if !id.is_empty() => id.parse().map_err(|_| not_found()),
        _ => Err(bad("conversationId is required")),
    }
}
