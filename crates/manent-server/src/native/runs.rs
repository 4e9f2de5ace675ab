//! `/completion/{runId}…`: reading, stopping and looking at runs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as JsonAnswer};
use manent_protocol::{Problem, RunResource};
use manent_runs::{Attachment, RunReader};
use manent_types::RunId;

use super::error::ApiError;
use super::parameters::{AfterQuery, LastEventId, RunPath};
use super::sse::{self, Delivery, RunEvents, TurnIds};
use super::{convert, cursor};
use crate::access::{Asking, Reading};
use crate::app::App;
use crate::http::trace::TraceId;

/// The run's events after a place in its log: what happened, then what happens.
#[utoipa::path(get, path = "/completion/{runId}", tag = "completion",
    params(("runId" = String, Path), AfterQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, and before it")),
    responses((status = 200, description = "The run's events; the last is done or error", content_type = "text/event-stream"),
        (status = 204, description = "The run has ended and nothing comes after this place"),
        (status = "default", body = Problem)))]
pub(super) async fn attach(
    State(app): State<App>,
    Reading(owner): Reading,
    RunPath(run): RunPath,
    LastEventId(after): LastEventId,
    Extension(trace_id): Extension<TraceId>,
) -> Result<Response, ApiError> {
    let after = match after {
        Some(after) => cursor::open_run(run, &after)?,
        None => 0,
    };
    match app.runs.attach(owner, run, after).await? {
        Attachment::AtEnd => Ok(StatusCode::NO_CONTENT.into_response()),
        Attachment::Reader(reader) => Ok(stream(&app, run, reader, TurnIds::default(), trace_id)),
    }
}

/// How a run stands.
#[utoipa::path(get, path = "/completion/{runId}/status", tag = "completion",
    params(("runId" = String, Path)),
    responses((status = 200, body = RunResource), (status = "default", body = Problem)))]
pub(super) async fn status(
    State(app): State<App>,
    Reading(owner): Reading,
    RunPath(run): RunPath,
) -> Result<JsonAnswer<RunResource>, ApiError> {
    let run = app.runs.find(owner, run).await?;
    Ok(JsonAnswer(convert::run(run)))
}

/// Stops a run, wherever it runs; one that ended stays as it is.
#[utoipa::path(post, path = "/completion/{runId}/stop", tag = "completion",
    params(("runId" = String, Path)),
    responses((status = 200, body = RunResource), (status = "default", body = Problem)))]
pub(super) async fn stop(
    State(app): State<App>,
    Asking(owner): Asking,
    RunPath(run): RunPath,
) -> Result<JsonAnswer<RunResource>, ApiError> {
    let run = app.runs.stop(owner, run).await?;
    Ok(JsonAnswer(convert::run(run)))
}

/// An answer that streams a run to one reader.
pub(super) fn stream(
    app: &App,
    run: RunId,
    reader: RunReader,
    turn: TurnIds,
    trace_id: TraceId,
) -> Response {
    let events = RunEvents::new(run, reader, turn, trace_id);
    sse::respond(
        events,
        Delivery {
            heartbeat: app.http.heartbeat,
            cut: app.stopping.runs_have_ended.clone(),
        },
    )
}
