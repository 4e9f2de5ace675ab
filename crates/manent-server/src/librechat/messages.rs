//! `/api/messages…`: messages.
//!
//! Invariants: a message is found in its own conversation only, and nothing of a conversation in the trash is; what is edited or deleted is kept
//! beneath, as everywhere.

mod change;
mod search;

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use manent_domain::conversation::Conversation;
use manent_domain::error::DomainError;
use manent_domain::message::Message;
use manent_librechat::wire;
use manent_types::{MessageId, UserId};
use serde_json::{Value, json};

use super::chat::{ChatRefusal, Named, all_messages, is_beginning, told_endpoint};
use super::convos::present;
use crate::access::Reading;
use crate::app::App;

pub(super) use change::{add, artifact, branch, delete, edit, rate};
pub(super) use search::search;

/// All messages of a conversation. A conversation that is about to be stored has none yet.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(id): Named,
    Path(said): Path<String>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let Some(id) = id else {
        // The client asks for the messages of the chat that it has not begun yet.
        return if said == "new" {
            Ok(JsonAnswer(json!([])))
        } else {
            Err(no_conversation())
        };
    };
    let conversation = match present(&app, owner, id).await {
        Ok(conversation) => conversation,
        Err(DomainError::ConversationNotFound) if is_beginning(&app, owner, id) => {
            return Ok(JsonAnswer(json!([])));
        }
        Err(DomainError::ConversationNotFound) => return Err(no_conversation()),
        Err(error) => return Err(error.into()),
    };
    Ok(JsonAnswer(told(&app, owner, &conversation).await?.into()))
}

/// One message, in a list.
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    Path(place): Path<(String, String)>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let (conversation, message) = find(&app, owner, &place).await?;
    Ok(JsonAnswer(json!([one(
        &app,
        owner,
        &conversation,
        message.id
    )
    .await?])))
}

/// The messages of a conversation as the client is told them.
async fn told(
    app: &App,
    owner: UserId,
    conversation: &Conversation,
) -> Result<Vec<Value>, DomainError> {
    let messages = all_messages(app, owner, conversation.id).await?;
    let endpoint = told_endpoint(app, conversation);
    Ok(wire::messages(&messages, endpoint.as_deref()))
}

/// A message as the list tells it.
async fn one(
    app: &App,
    owner: UserId,
    conversation: &Conversation,
    id: MessageId,
) -> Result<Value, ChatRefusal> {
    let id = id.to_string();
    let all = told(app, owner, conversation).await?;
    let mut named = all
        .into_iter()
        .filter(|message| message["messageId"] == *id);
    named.next().ok_or_else(no_message)
}

/// The message of an address, with its conversation.
async fn find(
    app: &App,
    owner: UserId,
    (conversation, message): &(String, String),
) -> Result<(Conversation, Message), ChatRefusal> {
    let id = conversation.parse().map_err(|_| no_conversation())?;
    let conversation = present(app, owner, id).await?;
    let message = message.parse().map_err(|_| no_message())?;
    let message = find_message(app, owner, message).await?;
    if message.conversation != conversation.id {
        return Err(no_message());
    }
    Ok((conversation, message))
}

/// A message that was not deleted.
async fn find_message(app: &App, owner: UserId, id: MessageId) -> Result<Message, ChatRefusal> {
    match app.messages.get(owner, id).await {
        Ok(message) if message.deleted_at.is_none() => Ok(message),
        Ok(_) | Err(DomainError::MessageNotFound) => Err(no_message()),
        Err(error) => Err(error.into()),
    }
}

const fn no_conversation() -> ChatRefusal {
    ChatRefusal::NotFound("Conversation not found")
}

const fn no_message() -> ChatRefusal {
    ChatRefusal::NotFound("Message not found")
}

/// 400, with a reason.
fn bad(reason: impl Into<String>) -> ChatRefusal {
    ChatRefusal::Bad(json!({ "error": reason.into() }))
}
