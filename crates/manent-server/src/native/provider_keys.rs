//! `/account/provider-keys…`: people's own keys for providers.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_accounts::caller::Caller;
use manent_protocol::{Problem, ProviderKeyList, ProviderKeyRequest, ProviderKeyResource};

use super::error::ApiError;
use crate::access::{Person, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::own_keys::{GivenKey, OwnEndpoint, OwnKeys};

/// Lists the providers that want a key of each person's own, each with whether one is there.
#[utoipa::path(get, path = "/account/provider-keys", tag = "accounts",
    responses((status = 200, body = ProviderKeyList), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
) -> Result<JsonAnswer<ProviderKeyList>, ApiError> {
    let own_keys = &app.accounts()?.own_keys;
    let mut keys = Vec::new();
    for endpoint in own_keys.endpoints() {
        keys.push(resource(own_keys, &caller, endpoint).await?);
    }
    Ok(JsonAnswer(ProviderKeyList { keys }))
}

/// Whether a key is there, and until when. The key itself is never told.
#[utoipa::path(get, path = "/account/provider-keys/{endpoint}", tag = "accounts", params(("endpoint" = String, Path)),
    responses((status = 200, body = ProviderKeyResource), (status = "default", body = Problem)))]
pub(super) async fn get(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
    Path(endpoint): Path<String>,
) -> Result<JsonAnswer<ProviderKeyResource>, ApiError> {
    let own_keys = &app.accounts()?.own_keys;
    let endpoint = own_keys.endpoint(&endpoint)?;
    Ok(JsonAnswer(resource(own_keys, &caller, endpoint).await?))
}

/// Keeps a key, in place of one that is there. It is used for this provider's generations and for nothing else.
#[utoipa::path(put, path = "/account/provider-keys/{endpoint}", tag = "accounts", params(("endpoint" = String, Path)),
    request_body = ProviderKeyRequest,
    responses((status = 200, body = ProviderKeyResource), (status = "default", body = Problem)))]
pub(super) async fn put(
    State(app): State<App>,
    _: Writing,
    Person(caller): Person,
    Path(endpoint): Path<String>,
    Json(request): Json<ProviderKeyRequest>,
) -> Result<JsonAnswer<ProviderKeyResource>, ApiError> {
    let own_keys = &app.accounts()?.own_keys;
    let given = GivenKey {
        api_key: request.api_key,
        base_url: request.base_url,
    };
    own_keys
        .put(&caller, &endpoint, given, request.expires_at)
        .await?;
    let endpoint = own_keys.endpoint(&endpoint)?;
    Ok(JsonAnswer(ProviderKeyResource {
        endpoint: endpoint.id.clone(),
        takes_base_url: endpoint.takes_base_url,
        has_key: true,
        expires_at: request.expires_at,
    }))
}

/// Deletes a key, if there is one; also that of a provider that is configured no more.
#[utoipa::path(delete, path = "/account/provider-keys/{endpoint}", tag = "accounts", params(("endpoint" = String, Path)),
    responses((status = 204, description = "There is none any more"), (status = "default", body = Problem)))]
pub(super) async fn delete(
    State(app): State<App>,
    _: Writing,
    Person(caller): Person,
    Path(endpoint): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.accounts()?.own_keys.delete(&caller, &endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn resource(
    own_keys: &OwnKeys,
    caller: &Caller,
    endpoint: &OwnEndpoint,
) -> Result<ProviderKeyResource, AccountError> {
    let expiry = own_keys.expiry(caller, &endpoint.id).await?;
    Ok(ProviderKeyResource {
        endpoint: endpoint.id.clone(),
        takes_base_url: endpoint.takes_base_url,
        has_key: expiry.is_some(),
        expires_at: expiry.flatten(),
    })
}
