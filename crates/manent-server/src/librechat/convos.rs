//! `/api/convos…`: conversations.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use manent_domain::conversation::ConversationFilter;
use manent_domain::error::DomainError;
use serde_json::{Value, json};

use super::chat::{ChatRefusal, Named, told_conversation};
use crate::access::Reading;
use crate::app::App;

/// How many rows a page has.
const PAGE: usize = 25;

/// The first page of the list.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let filter = ConversationFilter::default();
    let page = app.conversations.list(owner, filter, None, PAGE).await?;
    let rows = page.items.iter();
    let rows: Vec<Value> = rows
        .map(|conversation| told_conversation(&app, owner, conversation))
        .collect();
    Ok(JsonAnswer(
        json!({ "conversations": rows, "nextCursor": null }),
    ))
}

/// One conversation. One in the trash is gone for this client.
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(id): Named,
) -> Result<Response, ChatRefusal> {
    let gone = || Ok(StatusCode::NOT_FOUND.into_response());
    let Some(id) = id else { return gone() };
    match app.conversations.get(owner, id).await {
        Ok(conversation) if conversation.trashed_at.is_none() => {
            Ok(JsonAnswer(told_conversation(&app, owner, &conversation)).into_response())
        }
        Ok(_) | Err(DomainError::ConversationNotFound) => gone(),
        Err(error) => Err(error.into()),
    }
}
