//! Reading a JSON body: bounded in size and time, with errors that name the field.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use manent_types::Object;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::native::ApiError;

/// The bytes of a body that says it is JSON, or says nothing, and is UTF-8.
pub(crate) struct JsonText(Bytes);

impl JsonText {
    /// The text itself.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Reads the text as `T`; the error names the field.
    pub(crate) fn parse<'body, T: serde::Deserialize<'body>>(&'body self) -> Result<T, ApiError> {
        parse_json(&self.0)
    }
}

/// A body as `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl FromRequest<App> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !is_json(&request, app.accounts.is_none()) {
            return Err(ApiError::unsupported_media_type());
        }
        // What says that it is too large needs not be read.
        let (limit, said) = (app.http.body_bytes, request.body().size_hint().lower());
        if said > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(ApiError::body_too_large(limit));
        }
        let bytes = read(
            request.into_body(),
            app.http.body_bytes,
            app.http.body_timeout,
        )
        .await?;
        Ok(Self(bytes))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        JsonText::from_request(request, app)
            .await?
            .parse()
            .map(Self)
    }
}

/// JSON by its content type; also a body without one, and the form type that `curl -d` sends when nothing else is said. A page of another
/// origin can make a browser send those without asking; the guard refuses it, and so that not everything hangs on the guard, they are taken
/// only with a token, which no such page has, or where nobody signs in.
fn is_json(request: &Request, is_local: bool) -> bool {
    let is_lenient = is_local || request.headers().contains_key(header::AUTHORIZATION);
    let Some(kind) = request.headers().get(header::CONTENT_TYPE) else {
        return is_lenient;
    };
    let Ok(kind) = kind.to_str() else {
        return false;
    };
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (is_lenient && essence == "application/x-www-form-urlencoded")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A body as a whole, bounded in size and time.
pub(crate) async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::body_too_large(limit)),
        Ok(Err(_)) => Err(ApiError::malformed_json(
            "the body ended before it was whole",
        )),
        Err(_) => Err(ApiError::body_timeout()),
    }
}

/// Reads a JSON object; the error names the field.
pub(crate) fn parse_json<'body, T: serde::Deserialize<'body>>(
    bytes: &'body [u8],
) -> Result<T, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::invalid_utf8())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let detail = bounded(inner.to_string());
        if inner.is_data() {
            ApiError::invalid_body(&path, &detail)
        } else {
            ApiError::malformed_json(&detail)
        }
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::malformed_json(&bounded(error.to_string())))?;
    Ok(value)
}

/// Error texts repeat what the client sent; a long one helps nobody.
pub(crate) fn bounded(text: String) -> String {
    const MAX_CHARACTERS: usize = 300;
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
