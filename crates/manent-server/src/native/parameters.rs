//! What a request says beside its body: path ids, the query.

use std::error::Error;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use manent_types::{ConversationId, MessageId, RunId, UserId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::error::ApiError;
use crate::app::App;
use crate::http::body::bounded;

/// A conversation's `{id}` in a path.
pub(super) struct ConversationPath(pub(super) ConversationId);

impl FromRequestParts<App> for ConversationPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        path_id(parts, app, "id").await.map(Self)
    }
}

/// A message's `{id}` in a path.
pub(super) struct MessagePath(pub(super) MessageId);

impl FromRequestParts<App> for MessagePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        path_id(parts, app, "id").await.map(Self)
    }
}

/// An account's `{id}` in a path.
pub(super) struct AccountPath(pub(super) UserId);

impl FromRequestParts<App> for AccountPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        path_id(parts, app, "id").await.map(Self)
    }
}

/// A run's `{runId}` in a path.
pub(super) struct RunPath(pub(super) RunId);

impl FromRequestParts<App> for RunPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        path_id(parts, app, "runId").await.map(Self)
    }
}

async fn path_id<T: FromStr>(
    parts: &mut Parts,
    app: &App,
    field: &'static str,
) -> Result<T, ApiError> {
    let Path(id) = Path::<String>::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::invalid_id(field))?;
    id.parse().map_err(|_| ApiError::invalid_id(field))
}

/// After which event a stream is to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AfterQuery {
    /// The `id:` of the last event that is known. The header `Last-Event-ID` wins over it.
    after: Option<String>,
}

/// The `id:` of the last event that a reader knows: the header `Last-Event-ID`, which browsers send by themselves, or `?after=`.
pub(super) struct LastEventId(pub(super) Option<String>);

impl FromRequestParts<App> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(query) = Query::<AfterQuery>::from_request_parts(parts, app).await?;
        match parts.headers.get("last-event-id") {
            None => Ok(Self(query.after)),
            Some(value) if value.is_empty() => Ok(Self(query.after)),
            Some(value) => match value.to_str() {
                Ok(id) => Ok(Self(Some(id.to_owned()))),
                Err(_) => Err(ApiError::invalid_event_id()),
            },
        }
    }
}

/// The query; unknown and repeated parameters are refused.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                // The rejection itself only says that it is one; its source says why.
                let reason = rejection
                    .source()
                    .map_or_else(|| rejection.to_string(), ToString::to_string);
                Err(ApiError::invalid_query(&bounded(reason)))
            }
        }
    }
}
