//! `/api/keys…`: people's own keys for providers.
//!
//! Each of LibreChat's endpoints is one of our providers; see the surface's list of them.

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use manent_accounts::AccountError;
use manent_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use crate::access::{Person, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::own_keys::{GivenKey, OwnKeys};

/// `PUT /api/keys`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyRequest {
    name: String,
    /// The key, or a JSON object with `apiKey` and `baseURL`.
    value: SecretString,
    /// A time; none, an empty text and `never` are for ever.
    #[serde(default)]
    expires_at: Option<String>,
}

/// Keeps a key.
pub(super) async fn put(
    State(app): State<App>,
    _: Writing,
    Person(caller): Person,
    Json(request): Json<KeyRequest>,
) -> Result<StatusCode, Refusal> {
    let own_keys = &app.accounts()?.own_keys;
    let expires_at = match request.expires_at.as_deref() {
        None | Some("" | "never") => None,
        Some(text) => {
            let at: Result<Timestamp, _> = text.parse();
            Some(at.map_err(|_| Refusal::bad("expiresAt is no time"))?)
        }
    };
    let given = given_key(&request.value)?;
    let id = provider_id(&app, own_keys, &request.name);
    let stored = own_keys.put(&caller, &id, given, expires_at).await;
    stored.map_err(|error| match error {
        AccountError::NotFound => Refusal::bad("This endpoint takes no key of your own"),
        AccountError::Invalid { .. } | AccountError::TooMany { .. } => {
            Refusal::bad(error.to_string())
        }
        other => other.into(),
    })?;
    Ok(StatusCode::CREATED)
}

/// Which key.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    name: String,
}

/// Until when there is a key; the key itself is never told.
pub(super) async fn get(
    State(app): State<App>,
    _: Reading,
    Person(caller): Person,
    Query(Named { name }): Query<Named>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let Some(accounts) = &app.accounts else {
        // Nobody has keys of their own where nobody signs in.
        return Ok(JsonAnswer(json!({"expiresAt": null})));
    };
    let own_keys = &accounts.own_keys;
    let id = provider_id(&app, own_keys, &name);
    let expiry = own_keys.expiry(&caller, &id).await;
    let expires_at = match expiry.map_err(bad_name)? {
        None => Value::Null,
        Some(None) => json!("never"),
        Some(Some(at)) => json!(at),
    };
    Ok(JsonAnswer(json!({ "expiresAt": expires_at })))
}

/// Deletes a key, if there is one.
pub(super) async fn delete(
    State(app): State<App>,
    _: Writing,
    Person(caller): Person,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let own_keys = &app.accounts()?.own_keys;
    let id = provider_id(&app, own_keys, &name);
    own_keys.delete(&caller, &id).await.map_err(bad_name)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which keys.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    all: Option<String>,
}

/// Deletes all keys, where that is said.
pub(super) async fn delete_all(
    State(app): State<App>,
    _: Writing,
    Person(caller): Person,
    Query(Which { all }): Query<Which>,
) -> Result<StatusCode, Refusal> {
    if all.as_deref() != Some("true") {
        return Err(Refusal::bad("Say all=true to delete every key"));
    }
    app.accounts()?.own_keys.delete_all(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The provider that is meant: the one of the endpoint of this name, else the one of this id, else the one of this id in other letters, else whatever it is.
fn provider_id(app: &App, own_keys: &OwnKeys, name: &str) -> String {
    let surface = app.librechat.as_deref();
    if let Some(endpoint) = surface.and_then(|surface| surface.endpoint(name)) {
        return endpoint.provider.clone();
    }
    let ids = || own_keys.endpoints().iter().map(|endpoint| &endpoint.id);
    ids()
        .find(|id| *id == name)
        .or_else(|| ids().find(|id| id.eq_ignore_ascii_case(name)))
        .map_or_else(|| name.to_owned(), Clone::clone)
}

fn bad_name(error: AccountError) -> Refusal {
    match error {
        AccountError::Invalid { .. } => Refusal::bad(error.to_string()),
        other => other.into(),
    }
}

/// What a request for a key says: its value and its time are read like those of the route.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzzed(request: &KeyRequest) {
    let _ = (
        given_key(&request.value),
        request.expires_at.as_deref().map(str::parse::<Timestamp>),
        request.name.len(),
    );
}

/// What the client makes of the fields of its form.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "apiKey")]
    api_key: SecretString,
    #[serde(rename = "baseURL", default)]
    base_url: Option<String>,
}

fn given_key(value: &SecretString) -> Result<GivenKey, Refusal> {
    let text = value.expose_secret().trim();
    if !text.starts_with('{') {
        return Ok(GivenKey {
            api_key: SecretString::from(text),
            base_url: None,
        });
    }
    let fields: Fields = serde_json::from_str(text)
        .map_err(|_| Refusal::bad("value is neither a key nor an object with apiKey"))?;
    Ok(GivenKey {
        api_key: fields.api_key,
        base_url: fields.base_url.filter(|url| !url.trim().is_empty()),
    })
}
