//! Deleting conversations: they go into the trash, where this client does not see them any more.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use manent_domain::conversation::{Conversation, ConversationFilter};
use manent_types::{ConversationId, MessageStatus, UserId};
use serde_json::{Map, Value, json};

use super::{argument, bad, named, present};
use crate::access::{From, Writing};
use crate::app::App;
use crate::librechat::body::MaybeBody;
use crate::librechat::chat::ChatRefusal;
use crate::librechat::shares;

/// How many conversations are looked at together.
const PAGE: usize = 100;

/// The most ids that are told.
const MOST_TOLD: usize = 1_000;

/// Deletes one conversation.
pub(in crate::librechat) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    MaybeBody(body): MaybeBody<Map<String, Value>>,
) -> Result<Response, ChatRefusal> {
    let argument = argument(body);
    let says = |name: &str| match argument.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    };
    if !says("conversationId") {
        if argument.get("source").and_then(Value::as_str) == Some("button") {
            return Ok((StatusCode::OK, "No conversationId provided").into_response());
        }
        // Without the conversation nothing is named that could be deleted, whatever else is.
        return Err(bad("no parameters provided"));
    }
    let id = named(&argument)?;
    app.rates.messages(owner, origin.address, 1)?;
    present(&app, owner, id).await?;
    let deleted = trash(&app, owner, id).await?;
    Ok(told(&[deleted]))
}

/// Deletes every conversation, filed away or not.
pub(in crate::librechat) async fn delete_all(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
) -> Result<Response, ChatRefusal> {
    app.rates.messages(owner, origin.address, 1)?;
    let mut deleted = Vec::new();
    for archived in [false, true] {
        loop {
            let filter = ConversationFilter {
                archived,
                ..ConversationFilter::default()
            };
            let page = app.conversations.list(owner, filter, None, PAGE).await?;
            for conversation in &page.items {
                deleted.push(trash(&app, owner, conversation.id).await?);
            }
            if page.next.is_none() {
                break;
            }
        }
    }
    Ok(told(&deleted))
}

/// An answer that is being written ends first: what comes to a conversation takes it out of the trash. A link to it ends for good.
async fn trash(app: &App, owner: UserId, id: ConversationId) -> Result<Conversation, ChatRefusal> {
    let run = app.runs.newest_of(owner, id).await?;
    if let Some(run) = run.filter(|run| run.status == MessageStatus::Running) {
        app.runs.stop(owner, run.id).await?;
    }
    let trashed = app.conversations.trash(owner, id).await?;
    shares::end(app, owner, id).await?;
    Ok(trashed)
}

fn told(deleted: &[Conversation]) -> Response {
    let messages: u64 = deleted.iter().map(|one| one.last_seq).sum();
    let ids: Vec<ConversationId> = deleted.iter().take(MOST_TOLD).map(|one| one.id).collect();
    let body = json!({
        "acknowledged": true,
        "deletedCount": deleted.len(),
        "messages": { "acknowledged": true, "deletedCount": messages },
        "conversationIds": ids,
    });
    (StatusCode::CREATED, JsonAnswer(body)).into_response()
}
