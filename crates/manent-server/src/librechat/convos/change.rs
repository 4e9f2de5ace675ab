//! Changes of conversations: their title, whether they are filed away, whether they are pinned.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_domain::conversation::{ConversationFilter, ConversationPatch};
use manent_domain::limits::Limits;
use manent_librechat::wire;
use manent_types::{ConversationId, UserId};
use serde_json::{Map, Value, json};

use super::{argument, bad, named, not_found, present};
use crate::access::{From, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::librechat::chat::{ChatRefusal, told_conversation};

/// How many conversations are looked at together.
const PAGE: usize = 100;

/// Names a conversation.
pub(in crate::librechat) async fn update(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), ChatRefusal> {
    let argument = argument(body);
    let id = named(&argument)?;
    let title = match argument.get("title") {
        None => return Err(bad("title is required")),
        Some(Value::String(title)) => title,
        Some(_) => return Err(bad("title must be a string")),
    };
    let most = Limits::default().title_characters;
    let title = wire::title(title, most).ok_or_else(|| bad("title is required"))?;
    app.rates.messages(owner, origin.address, 1)?;
    let patch = ConversationPatch {
        title: Some(title),
        ..ConversationPatch::default()
    };
    let changed = change(&app, owner, id, patch).await?;
    Ok((StatusCode::CREATED, changed))
}

/// Files a conversation away, or takes it back.
pub(in crate::librechat) async fn archive(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let argument = argument(body);
    let id = named(&argument)?;
    let Some(archived) = argument.get("isArchived").and_then(Value::as_bool) else {
        return Err(bad("isArchived must be a boolean"));
    };
    app.rates.messages(owner, origin.address, 1)?;
    let patch = ConversationPatch {
        archived: Some(archived),
        ..ConversationPatch::default()
    };
    change(&app, owner, id, patch).await
}

/// Keeps a conversation on top of the list, or no more.
pub(in crate::librechat) async fn pin(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let argument = argument(body);
    let id = named(&argument)?;
    let pinned = match argument.get("pinned") {
        None => return Err(bad("pinned is required")),
        Some(Value::Bool(pinned)) => *pinned,
        Some(_) => return Err(bad("pinned must be a boolean")),
    };
    app.rates.messages(owner, origin.address, 1)?;
    let patch = ConversationPatch {
        pinned: Some(pinned),
        ..ConversationPatch::default()
    };
    change(&app, owner, id, patch).await
}

/// Files away whatever is in the list.
pub(in crate::librechat) async fn archive_all(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    app.rates.messages(owner, origin.address, 1)?;
    let mut count = 0_u64;
    loop {
        let filter = ConversationFilter::default();
        let page = app.conversations.list(owner, filter, None, PAGE).await?;
        for conversation in &page.items {
            let patch = ConversationPatch {
                archived: Some(true),
                ..ConversationPatch::default()
            };
            app.conversations
                .update(owner, conversation.id, patch)
                .await?;
            count += 1;
        }
        if page.next.is_none() {
            return Ok(JsonAnswer(json!({ "archivedCount": count })));
        }
    }
}

async fn change(
    app: &App,
    owner: UserId,
    id: ConversationId,
    patch: ConversationPatch,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    present(app, owner, id).await?;
    let changed = app.conversations.update(owner, id, patch).await?;
    if changed.trashed_at.is_some() {
        return Err(not_found());
    }
    Ok(JsonAnswer(told_conversation(app, owner, &changed)))
}
