//! `/conversation…` and `/conversations`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_domain::conversation::{ConversationFilter, ConversationPatch, Created, LabelChange};
use manent_domain::services::ConversationDraft;
use manent_protocol::{
    ConversationList, ConversationResource, CreateConversationRequest, Problem,
    UpdateConversationRequest,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::convert;
use super::cursor;
use super::error::ApiError;
use super::parameters::{ConversationPath, Query};
use crate::access::{From, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

/// Creates a conversation; the same id again answers with the existing one.
#[utoipa::path(post, path = "/conversation/create", tag = "conversations", request_body = CreateConversationRequest,
    responses((status = 201, body = ConversationResource, description = "It is new"),
        (status = 200, body = ConversationResource, description = "The caller had it already"),
        (status = "default", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Json(request): Json<CreateConversationRequest>,
) -> Result<(StatusCode, JsonAnswer<ConversationResource>), ApiError> {
    let taken = app.rates.messages(owner, origin.address, 1)?;
    let draft = ConversationDraft {
        id: request.id,
        title: request.title,
        config: request.config.unwrap_or_default(),
        expires_at: request.expires_at,
        labels: request.labels.into_iter().collect(),
        ..ConversationDraft::default()
    };
    let created = app.conversations.create(owner, draft).await?;
    let (status, conversation) = match created {
        Created::New(conversation) => (StatusCode::CREATED, conversation),
        Created::Existing(conversation) => {
            taken.put_back(1);
            (StatusCode::OK, conversation)
        }
    };
    Ok((status, JsonAnswer(convert::conversation(conversation))))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// 1 to 100; default 25.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Those put away, or those not (default).
    archived: Option<bool>,
    /// Those in the trash, or those not (default).
    trashed: Option<bool>,
    /// Only pinned ones, only others; default both.
    pinned: Option<bool>,
}

/// Lists conversations, newest first.
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(ListQuery),
    responses((status = 200, body = ConversationList), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<ListQuery>,
) -> Result<JsonAnswer<ConversationList>, ApiError> {
    let after = query
        .cursor
        .as_deref()
        .map(cursor::open_conversation)
        .transpose()?;
    let filter = ConversationFilter {
        archived: query.archived.unwrap_or(false),
        trashed: query.trashed.unwrap_or(false),
        pinned: query.pinned,
        ..ConversationFilter::default()
    };
    let limit = limit(query.limit, 25, 100)?;
    let page = app.conversations.list(owner, filter, after, limit).await?;
    Ok(JsonAnswer(ConversationList {
        conversations: page.items.into_iter().map(convert::conversation).collect(),
        next: page.next.as_ref().and_then(cursor::seal_conversation),
    }))
}

/// One conversation, in the trash or not.
#[utoipa::path(get, path = "/conversation/{id}", tag = "conversations", params(("id" = String, Path)),
    responses((status = 200, body = ConversationResource), (status = "default", body = Problem)))]
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    ConversationPath(id): ConversationPath,
) -> Result<JsonAnswer<ConversationResource>, ApiError> {
    Ok(JsonAnswer(convert::conversation(
        app.conversations.get(owner, id).await?,
    )))
}

/// Changes title, settings, archived, pinned, labels.
#[utoipa::path(patch, path = "/conversation/{id}", tag = "conversations", params(("id" = String, Path)),
    request_body = UpdateConversationRequest,
    responses((status = 200, body = ConversationResource), (status = "default", body = Problem)))]
pub(super) async fn update(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    ConversationPath(id): ConversationPath,
    Json(request): Json<UpdateConversationRequest>,
) -> Result<JsonAnswer<ConversationResource>, ApiError> {
    app.rates.messages(owner, origin.address, 1)?;
    let patch = ConversationPatch {
        title: request.title,
        config: request.config,
        archived: request.archived,
        pinned: request.pinned,
        labels: request.labels.map(|change| LabelChange {
            add: change.add.into_iter().collect(),
            remove: change.remove.into_iter().collect(),
        }),
        ..ConversationPatch::default()
    };
    Ok(JsonAnswer(convert::conversation(
        app.conversations.update(owner, id, patch).await?,
    )))
}

/// Puts a conversation into the trash.
#[utoipa::path(delete, path = "/conversation/{id}", tag = "conversations", params(("id" = String, Path)),
    responses((status = 200, body = ConversationResource), (status = "default", body = Problem)))]
pub(super) async fn trash(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    ConversationPath(id): ConversationPath,
) -> Result<JsonAnswer<ConversationResource>, ApiError> {
    app.rates.messages(owner, origin.address, 1)?;
    Ok(JsonAnswer(convert::conversation(
        app.conversations.trash(owner, id).await?,
    )))
}

/// Takes a conversation out of the trash.
#[utoipa::path(post, path = "/conversation/{id}/restore", tag = "conversations", params(("id" = String, Path)),
    responses((status = 200, body = ConversationResource), (status = "default", body = Problem)))]
pub(super) async fn restore(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    ConversationPath(id): ConversationPath,
) -> Result<JsonAnswer<ConversationResource>, ApiError> {
    app.rates.messages(owner, origin.address, 1)?;
    Ok(JsonAnswer(convert::conversation(
        app.conversations.restore(owner, id).await?,
    )))
}

/// A page's size as asked for, or the default.
pub(super) fn limit(asked: Option<usize>, default: usize, most: usize) -> Result<usize, ApiError> {
    match asked {
        None => Ok(default),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => {
            Err(ApiError::invalid_query(&format!("lies between 1 and {most}")).with_field("limit"))
        }
    }
}
