//! A server that stops takes no new work, also on connections that it knows already.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

use crate::native::ApiError;

/// What is answered to the end: how the server stands.
const ALWAYS: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/version"];

/// Refuses requests that come after the stop has begun.
pub(crate) async fn refuse_when_stopping(
    State(stop): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    if !stop.is_cancelled() || ALWAYS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let mut response = ApiError::shutting_down().into_response();
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
