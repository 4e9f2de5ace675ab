//! `/keys…`: keys for programs.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_protocol::{CreateKeyRequest, KeyList, KeyResource, MadeKey, Problem};
use manent_types::ApiKeyId;
use secrecy::ExposeSecret;

use super::convert;
use super::error::ApiError;
use crate::access::Person;
use crate::app::App;
use crate::http::body::Json;

/// Makes a key. The key itself stands in this answer and nowhere else.
#[utoipa::path(post, path = "/keys", tag = "accounts", request_body = CreateKeyRequest,
    responses((status = 201, body = MadeKey), (status = "default", body = Problem)))]
pub(super) async fn create(
    State(app): State<App>,
    Person(caller): Person,
    Json(request): Json<CreateKeyRequest>,
) -> Result<(StatusCode, JsonAnswer<MadeKey>), ApiError> {
    let scopes = request.scopes.into_iter().map(convert::scope).collect();
    let keys = &app.accounts()?.keys;
    let made = keys
        .create(&caller, &request.name, scopes, request.expires_at)
        .await?;
    let answer = MadeKey {
        secret: made.secret.expose_secret().to_owned(),
        key: convert::api_key(made.key),
    };
    Ok((StatusCode::CREATED, JsonAnswer(answer)))
}

/// Lists one's keys, without the keys themselves.
#[utoipa::path(get, path = "/keys", tag = "accounts",
    responses((status = 200, body = KeyList), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Person(caller): Person,
) -> Result<JsonAnswer<KeyList>, ApiError> {
    let keys = app.accounts()?.keys.list(&caller).await?;
    Ok(JsonAnswer(KeyList {
        keys: keys.into_iter().map(convert::api_key).collect(),
    }))
}

/// Takes a key back.
#[utoipa::path(delete, path = "/keys/{id}", tag = "accounts", params(("id" = ApiKeyId, Path)),
    responses((status = 200, body = KeyResource), (status = "default", body = Problem)))]
pub(super) async fn revoke(
    State(app): State<App>,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<KeyResource>, ApiError> {
    let id: ApiKeyId = id.parse().map_err(|_| ApiError::invalid_id("id"))?;
    let key = app.accounts()?.keys.revoke(&caller, id).await?;
    Ok(JsonAnswer(convert::api_key(key)))
}
