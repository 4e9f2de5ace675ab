//! Forks and duplicates.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_accounts::caller::Origin;
use manent_domain::conversation::{Conversation, ConversationPatch};
use manent_domain::limits::Limits;
use manent_domain::message::Message;
use manent_domain::services::ConversationDraft;
use manent_librechat::tree::{self, Fork, ForkOption};
use manent_librechat::wire;
use manent_types::{MessageId, UserId};
use serde_json::{Map, Value, json};

use super::store::check;
use super::{bad, named, present};
use crate::access::{From, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::librechat::chat::{ChatRefusal, all_messages, told_conversation, told_endpoint};

/// Copies a part of a conversation.
pub(in crate::librechat) async fn fork(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let id = named(&body)?;
    let unknown = || ChatRefusal::NotFound("Message not found");
    let message = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => match id.parse::<MessageId>() {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(unknown()),
        },
        Some(_) => Err(bad("messageId must be a string")),
    };
    let target = message("messageId")?.ok_or_else(|| bad("messageId is required"))?;
    let option = match body.get("option") {
        None | Some(Value::Null) => Some(ForkOption::TargetLevel),
        Some(name) => name.as_str().and_then(ForkOption::from_name),
    };
    let option =
        option.ok_or_else(|| bad("option must be directPath, includeBranches or targetLevel"))?;
    let is_split = body.get("splitAtTarget") == Some(&Value::Bool(true));
    let split_to = match message("latestMessageId")? {
        Some(latest) if is_split => Some(latest),
        None if is_split => return Err(bad("latestMessageId is required to begin at a message")),
        _ => None,
    };
    let original = present(&app, owner, id).await?;
    let messages = all_messages(&app, owner, id).await?;
    let fork = Fork {
        option,
        target,
        split_to,
    };
    let chosen = tree::chosen(&tree::nodes(&messages), fork);
    if chosen.is_empty() {
        return Err(unknown());
    }
    let title = original.title.clone();
    let told = copy(&app, owner, &origin, &original, title, &messages, &chosen).await?;
    Ok(JsonAnswer(told))
}

/// Copies a conversation.
pub(in crate::librechat) async fn duplicate(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), ChatRefusal> {
    let id = named(&body)?;
    let given = body.get("title").and_then(Value::as_str);
    let given = given.and_then(|title| wire::title(title, Limits::default().title_characters));
    let original = present(&app, owner, id).await?;
    let messages = all_messages(&app, owner, id).await?;
    let title = given.or_else(|| original.title.clone());
    let chosen = tree::nodes(&messages);
    let told = copy(&app, owner, &origin, &original, title, &messages, &chosen).await?;
    Ok((StatusCode::CREATED, JsonAnswer(told)))
}

async fn copy(
    app: &App,
    owner: UserId,
    origin: &Origin,
    original: &Conversation,
    title: Option<String>,
    messages: &[Message],
    chosen: &[tree::Node<MessageId>],
) -> Result<Value, ChatRefusal> {
    let drafts = tree::copied(messages, chosen, || MessageId::new(app.ids.next()));
    let draft = ConversationDraft {
        id: None,
        title,
        config: original.config.clone(),
        expires_at: original.expires_at,
        labels: original.labels.clone(),
        extras: original.extras.clone(),
    };
    let patch = ConversationPatch {
        pinned: original.pinned.then_some(true),
        ..ConversationPatch::default()
    };
    let checked = check(app, draft, drafts, patch)?;
    app.rates
        .messages(owner, origin.address, checked.weight())?;
    let copy = checked.store(app, owner).await?;
    let messages = all_messages(app, owner, copy.id).await?;
    let endpoint = told_endpoint(app, &copy);
    Ok(json!({
        "conversation": told_conversation(app, owner, &copy),
        "messages": wire::messages(&messages, endpoint.as_deref()),
    }))
}
