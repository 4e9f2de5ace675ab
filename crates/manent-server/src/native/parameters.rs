//! What a request says beside its body: who asks, path ids, the query.

use std::convert::Infallible;
use std::error::Error;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use manent_types::{ConversationId, UserId};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::app::App;
use crate::http::body::bounded;

/// Whose rows the request is about. Until there are accounts it is always the one local user.
pub(super) struct Owner(pub(super) UserId);

impl FromRequestParts<App> for Owner {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(app.local_owner))
    }
}

/// The `{id}` of a path.
pub(super) struct ConversationPath(pub(super) ConversationId);

impl FromRequestParts<App> for ConversationPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(id) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::invalid_id("id"))?;
        id.parse().map(Self).map_err(|_| ApiError::invalid_id("id"))
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
