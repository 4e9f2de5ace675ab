//! `/api/messages…`: messages.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_domain::error::DomainError;
use manent_librechat::wire;
use serde_json::{Value, json};

use super::chat::{ChatRefusal, Named, all_messages, is_beginning, told_endpoint};
use crate::access::Reading;
use crate::app::App;

/// All messages of a conversation. A conversation that is about to be stored has none yet.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(id): Named,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let none = ChatRefusal::NotFound("Conversation not found");
    let Some(id) = id else {
        // The client asks for the messages of the chat that it has not begun yet.
        return Ok(JsonAnswer(json!([])));
    };
    let conversation = match app.conversations.get(owner, id).await {
        Ok(conversation) if conversation.trashed_at.is_none() => conversation,
        Err(DomainError::ConversationNotFound) if is_beginning(&app, owner, id) => {
            return Ok(JsonAnswer(json!([])));
        }
        Ok(_) | Err(DomainError::ConversationNotFound) => return Err(none),
        Err(error) => return Err(error.into()),
    };
    let messages = all_messages(&app, owner, id).await?;
    let endpoint = told_endpoint(&app, &conversation);
    Ok(JsonAnswer(
        wire::messages(&messages, endpoint.as_deref()).into(),
    ))
}
