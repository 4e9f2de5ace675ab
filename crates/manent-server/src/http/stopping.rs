//! A server that stops takes no new work, also on connections that it knows already.

use axum::extract::{Request, State};
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
    // The connection ends after this answer: its keeping was given up when the stop began.
    ApiError::shutting_down().into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn answer(stop: &CancellationToken, path: &str) -> Response {
        let layer = middleware::from_fn_with_state(stop.clone(), refuse_when_stopping);
        let router = Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/conversations", get(async || "ok"))
            .layer(layer);
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_request_that_comes_after_the_stop_has_begun_is_refused() {
        let stop = CancellationToken::new();
        let before = answer(&stop, "/conversations").await;
        assert_eq!(before.status(), StatusCode::OK);
        stop.cancel();
        let mut after = answer(&stop, "/conversations").await;
        assert_eq!(after.status(), StatusCode::SERVICE_UNAVAILABLE);
        let error = after.extensions_mut().remove::<ApiError>();
        assert_eq!(error.map(|error| error.code()), Some("shutting_down"));
        let health = answer(&stop, "/healthz").await;
        assert_eq!(health.status(), StatusCode::OK);
    }
}
