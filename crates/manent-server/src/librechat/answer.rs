//! Refusals as LibreChat's client reads them: `{"message": …}`, or plain text at the refresh.

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use manent_accounts::AccountError;
use serde_json::{Value, json};

use super::routes::PREFIX;
use crate::native::ApiError;

/// Why something is not done.
pub(super) enum Refusal {
    /// In this surface's own words.
    Message(StatusCode, String),
    /// With more than a message.
    Json(StatusCode, Value),
    /// As plain text.
    Text(StatusCode, &'static str),
    /// As the native surface says it; [`translate`] puts it into this surface's form.
    Native(ApiError),
}

impl Refusal {
    /// A refusal with a message.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Message(status, message.into())
    }

    /// 400.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Native(error)
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        Self::Native(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Message(status, message) => message_response(status, &message),
            Self::Json(status, body) => (status, Json(body)).into_response(),
            Self::Text(status, text) => (status, text).into_response(),
            Self::Native(error) => error.into_response(),
        }
    }
}

fn message_response(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

/// What is at no path.
pub(super) async fn endpoint_not_found() -> Response {
    message_response(StatusCode::NOT_FOUND, "Endpoint not found")
}

/// The same for what is refused before this surface is reached, such as requests of foreign pages.
pub(crate) async fn translate_under_prefix(request: Request, next: Next) -> Response {
    let below = request.uri().path().strip_prefix(PREFIX);
    if below.is_some_and(|below| below.is_empty() || below.starts_with('/')) {
        translate(request, next).await
    } else {
        next.run(request).await
    }
}

/// Puts refusals of the gate, of the bodies' reader and of the services into this surface's form, before the layer outside renders them natively.
pub(super) async fn translate(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<ApiError>() else {
        return response;
    };
    error.log();
    let (status, message) = match (error.status(), error.code()) {
        // Whoever is thrown out signs in again: that is all that the client can do about it.
        (StatusCode::UNAUTHORIZED, _) | (_, "account_disabled") => {
            (StatusCode::UNAUTHORIZED, "Unauthorized")
        }
        (status, _) => (status, error.detail()),
    };
    let mut translated = message_response(status, message);
    if let Some(seconds) = error.retry_after() {
        translated
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds);
    }
    translated
}
