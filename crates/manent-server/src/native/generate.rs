//! `POST /completion/generate`. Holds the completion service alone: no store lies on this path.

use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use manent_domain::completion::{CompletionRequest, PromptMessage};
use manent_domain::error::DomainError;
use manent_protocol::{GenerateRequest, Problem};
use metrics::counter;

use super::error::ApiError;
use super::sse::EventStream;
use crate::app::App;
use crate::http::body::Json;
use crate::http::trace::TraceId;

/// Generates an answer and stores nothing.
#[utoipa::path(post, path = "/completion/generate", tag = "completion", request_body = GenerateRequest,
    responses((status = 200, description = "start, delta, usage, then one done or error", content_type = "text/event-stream"),
        (status = "default", body = Problem)))]
pub(super) async fn generate(
    State(app): State<App>,
    Extension(trace_id): Extension<TraceId>,
    Json(request): Json<GenerateRequest>,
) -> Result<Response, ApiError> {
    let begun = Instant::now();
    let messages = request
        .messages
        .into_iter()
        .map(|message| PromptMessage {
            role: message.role,
            content: message.content.into_parts(),
        })
        .collect();
    let request = CompletionRequest {
        messages,
        settings: request.config,
    };
    let started = app.completions.start(request).await.inspect_err(|error| {
        if let DomainError::Provider(error) = error {
            counter!("manent_completions_total", "provider" => "unknown", "outcome" => error.code())
                .increment(1);
        }
    })?;
    let events = EventStream::new(
        started,
        trace_id,
        app.http.heartbeat,
        app.shutdown.clone().cancelled_owned(),
        begun,
    );
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
