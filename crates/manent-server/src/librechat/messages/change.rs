//! Changes of messages: added, edited as a whole or in a part, rated, deleted.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_domain::append::{ChangeKind, Outcome, ParentRef};
use manent_domain::error::{DomainError, Refusal};
use manent_domain::message::Message;
use manent_domain::services::{
    AppendRequest, AppendRequestBody, AppendRequestItem, AppendRequestWish,
};
use manent_librechat::edit::{with_artifact, with_part, with_text};
use manent_librechat::import::message as read_message;
use manent_librechat::request::NO_PARENT;
use manent_librechat::wire::{self, KEY};
use manent_types::{ConversationId, ExtrasPatch, MessageId, Part, UserId, text_of};
use serde_json::{Map, Value, json};

use super::{bad, find, find_message, no_conversation, no_message, one};
use crate::access::{From, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::librechat::chat::ChatRefusal;
use crate::librechat::convos::present;

/// What is told of a message that was edited.
const TOLD: [&str; 9] = [
    "messageId",
    "conversationId",
    "parentMessageId",
    "sender",
    "text",
    "isCreatedByUser",
    "tokenCount",
    "feedback",
    "endpoint",
];

/// Stores a message.
pub(in crate::librechat) async fn add(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Path(conversation): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), ChatRefusal> {
    let said = body.get("conversationId").and_then(Value::as_str);
    if said.is_some_and(|said| said != conversation) {
        return Err(bad("Conversation ID mismatch"));
    }
    let id = conversation.parse().map_err(|_| no_conversation())?;
    let conversation = present(&app, owner, id).await?;
    let named = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => {
            let id = value.as_str().and_then(|id| id.parse::<MessageId>().ok());
            id.map(Some)
                .ok_or_else(|| bad(format!("{name} must be a UUID")))
        }
    };
    let id = named("messageId")?.unwrap_or_else(|| MessageId::new(app.ids.next()));
    let parent = match body.get("parentMessageId").and_then(Value::as_str) {
        Some(NO_PARENT) => None,
        _ => named("parentMessageId")?,
    };
    let read = read_message(&body);
    let mut drafts = read
        .drafts(app.chats.now(), || id)
        .map_err(|error| bad(error.to_string()))?;
    let draft = drafts
        .pop()
        .ok_or_else(|| bad("Message not saved: it is empty"))?;
    app.rates.messages(owner, origin.address, 1)?;
    let wish = AppendRequestWish::Message(AppendRequestBody {
        parent: parent.map_or(ParentRef::Root, ParentRef::Message),
        role: draft.role,
        content: draft.content,
        status: draft.status,
        model: draft.model,
        provider: None,
        usage: None,
        created_at: Some(draft.created_at),
        extras: draft.extras,
    });
    append(&app, owner, conversation.id, id, wish).await?;
    let stored = one(&app, owner, &conversation, id).await?;
    Ok((StatusCode::CREATED, JsonAnswer(stored)))
}

/// Gives a message, or one of its parts, another text.
pub(in crate::librechat) async fn edit(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Path(place): Path<(String, String)>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let (conversation, message) = find(&app, owner, &place).await?;
    let text = body.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| bad("Missing text"))?;
    let content = match body.get("index") {
        None => with_text(&message.content, text),
        Some(index) => {
            let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
            let index = index.ok_or_else(|| bad("Invalid index"))?;
            with_part(&message, index, text).map_err(|error| bad(error.to_string()))?
        }
    };
    app.rates.messages(owner, origin.address, 1)?;
    replace(&app, owner, &message, content).await?;
    if body.get("index").is_none() {
        // About how many tokens the text has now.
        let count = text.chars().count().div_ceil(4).max(1);
        let patch = json!({ KEY: { "tokenCount": count } });
        annotate(&app, owner, message.id, patch).await?;
    }
    let mut told = one(&app, owner, &conversation, message.id).await?;
    let edited = find_message(&app, owner, message.id).await?;
    told["text"] = text_of(&edited.content).into();
    if let Value::Object(told) = &mut told {
        told.retain(|name, _| TOLD.contains(&name.as_str()));
    }
    Ok(JsonAnswer(told))
}

/// Keeps what a person thinks of a message.
pub(in crate::librechat) async fn rate(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Path(place): Path<(String, String)>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let (conversation, message) = find(&app, owner, &place).await?;
    let feedback = match body.get("feedback") {
        None | Some(Value::Null) => None,
        Some(given) => Some(wire::feedback(given).ok_or_else(|| bad("Invalid feedback"))?),
    };
    app.rates.messages(owner, origin.address, 1)?;
    // What was said before goes as a whole.
    let before = json!({ KEY: { "feedback": null } });
    annotate(&app, owner, message.id, before).await?;
    let mut told = json!({ "messageId": message.id, "conversationId": conversation.id });
    if let Some(feedback) = feedback {
        let patch = json!({ KEY: { "feedback": feedback } });
        annotate(&app, owner, message.id, patch).await?;
        told["feedback"] = feedback;
    }
    Ok(JsonAnswer(told))
}

/// Deletes a message; what followed it follows what it followed.
pub(in crate::librechat) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Path(place): Path<(String, String)>,
) -> Result<StatusCode, ChatRefusal> {
    let (conversation, message) = find(&app, owner, &place).await?;
    app.rates.messages(owner, origin.address, 1)?;
    let wish = AppendRequestWish::Change(ChangeKind::Delete {
        message: message.id,
    });
    let id = MessageId::new(app.ids.next());
    append(&app, owner, conversation.id, id, wish).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a piece of an artifact.
pub(in crate::librechat) async fn artifact(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Path(message): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let index = body.get("index").and_then(Value::as_u64);
    let index = index.and_then(|index| usize::try_from(index).ok());
    let (Some(index), Some(original), Some(updated)) = (index, text("original"), text("updated"))
    else {
        return Err(bad("Invalid request parameters"));
    };
    let id = message.parse().map_err(|_| no_message())?;
    let message = find_message(&app, owner, id).await?;
    let conversation = present(&app, owner, message.conversation).await?;
    let content = with_artifact(&message.content, index, original, updated);
    let content = content.map_err(|error| bad(error.to_string()))?;
    app.rates.messages(owner, origin.address, 1)?;
    replace(&app, owner, &message, content).await?;
    let told = one(&app, owner, &conversation, message.id).await?;
    Ok(JsonAnswer(json!({
        "conversationId": conversation.id,
        "content": told["content"],
        "text": told["text"],
    })))
}

/// Makes a message of what one of several said in an answer of many voices. No answer here has more than one.
pub(in crate::librechat) async fn branch(
    State(app): State<App>,
    Writing(owner): Writing,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (Some(message), Some(_)) = (text("messageId"), text("agentId")) else {
        return Err(bad("messageId and agentId are required"));
    };
    let none = || ChatRefusal::NotFound("Source message not found");
    let message = message.parse().map_err(|_| none())?;
    let message = find_message(&app, owner, message)
        .await
        .map_err(|error| match error {
            ChatRefusal::NotFound(_) => none(),
            other => other,
        })?;
    present(&app, owner, message.conversation)
        .await
        .map_err(|error| match error {
            DomainError::ConversationNotFound => none(),
            other => other.into(),
        })?;
    Err(if message.role == manent_types::Role::User {
        bad("Cannot branch from user messages")
    } else {
        bad("Message does not have parallel content with attributions")
    })
}

async fn replace(
    app: &App,
    owner: UserId,
    message: &Message,
    content: Vec<Part>,
) -> Result<(), ChatRefusal> {
    if content == message.content {
        return Ok(());
    }
    let wish = AppendRequestWish::Change(ChangeKind::Edit {
        message: message.id,
        content,
    });
    let id = MessageId::new(app.ids.next());
    append(app, owner, message.conversation, id, wish).await
}

async fn annotate(
    app: &App,
    owner: UserId,
    message: MessageId,
    patch: Value,
) -> Result<(), ChatRefusal> {
    let patch = ExtrasPatch::try_from(patch).map_err(|error| bad(error.to_string()))?;
    app.messages.annotate(owner, message, patch).await?;
    Ok(())
}

/// Stores one item, or says why not.
async fn append(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
    id: MessageId,
    wish: AppendRequestWish,
) -> Result<(), ChatRefusal> {
    let request = AppendRequest {
        device: None,
        items: vec![AppendRequestItem {
            id: Some(id),
            conversation: Ok(conversation),
            device_seq: None,
            body: Ok(wish),
        }],
    };
    let outcomes = app.messages.append(owner, request).await?;
    match outcomes.first().map(|item| item.outcome) {
        Some(Outcome::Stored { .. } | Outcome::Duplicate { .. }) => Ok(()),
        Some(Outcome::Rejected(Refusal::ParentUnknown | Refusal::ParentElsewhere)) => {
            Err(ChatRefusal::NotFound("Parent message not found"))
        }
        Some(Outcome::Rejected(Refusal::TargetUnknown)) => Err(no_message()),
        Some(Outcome::Rejected(Refusal::ConversationNotFound)) => Err(no_conversation()),
        Some(Outcome::Rejected(refusal)) => Err(refusal.into()),
        Some(Outcome::Conflict(_) | Outcome::Gap { .. } | Outcome::Blocked) | None => {
            Err(DomainError::MessageIdTaken.into())
        }
    }
}
