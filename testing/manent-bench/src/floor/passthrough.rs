//! The bare pass-through: axum in front, hyper behind, the body forwarded as it comes.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::post;

use super::proxy::{Upstream, serve};

/// Runs it until the process is stopped.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    let upstream = Upstream::new(upstream)?;
    let router = Router::new()
        .route("/v1/chat/completions", post(forward))
        .with_state(upstream);
    serve(router).await
}

async fn forward(
    State(upstream): State<Upstream>,
    body: Bytes,
) -> Result<Response<Body>, StatusCode> {
    let request = Request::post(upstream.uri)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let response = upstream
        .client
        .request(request)
        .await
        .map_err(|_| StatusCode::BAD_GATEWAY)?;
    Response::builder()
        .status(response.status())
        .header(header::CONTENT_TYPE, "text/event-stream")
        .body(Body::new(response.into_body()))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
