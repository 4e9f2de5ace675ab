//! `POST /completion/generate`.
//!
//! Invariant: without a `runId` no store lies on this path, but where there are budgets: then what may be spent is asked for first.

use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use manent_domain::completion::CompletionRequest;
use manent_domain::error::DomainError;
use manent_domain::run::RecordTarget;
use manent_protocol::{GenerateRequest, Problem, RecordRequest};
use manent_runs::StartRun;
use manent_types::{RunId, UserId};
use metrics::counter;

use super::error::ApiError;

use super::sse::{self, Delivery, Generation, TurnIds};
use super::{convert, runs};
use crate::access::{Asking, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::http::trace::TraceId;

/// Generates an answer. With a `runId` it outlives its reader; without one nothing is stored.
#[utoipa::path(post, path = "/completion/generate", tag = "completion", request_body = GenerateRequest,
    responses((status = 200, description = "start, delta, usage, notice, then one done or error", content_type = "text/event-stream"),
        (status = "default", body = Problem)))]
pub(super) async fn generate(
    State(app): State<App>,
    Asking(owner): Asking,
    writing: Result<Writing, ApiError>,
    Extension(trace_id): Extension<TraceId>,
    Json(request): Json<GenerateRequest>,
) -> Result<Response, ApiError> {
    let begun = Instant::now();
    let record = request.record.map(record_target);
    if record.is_some() {
        // The answer is to be kept, so keeping must be allowed too.
        writing?;
    }
    let completion = CompletionRequest {
        messages: convert::prompt(request.messages),
        settings: request.config,
    };
    if let Some(id) = request.run_id {
        let run = StartRun {
            id,
            record,
            retained: Vec::new(),
            request: completion,
        };
        return start_run(&app, owner, run, trace_id).await;
    }
    if record.is_some() {
        return Err(ApiError::record_without_run());
    }
    app.completions.check(&completion)?;
    let id = RunId::new(app.ids.next());
    let mut admitted = app.admission.admit(owner, id, &completion).await?;
    admitted.asked();
    let started = app
        .completions
        .start(owner, completion)
        .await
        .inspect_err(count_failure)?;
    admitted.accepted(&started.provider, &started.model);
    Ok(sse::respond(
        Generation::new(started, admitted, trace_id, begun),
        Delivery {
            heartbeat: app.http.heartbeat,
            cut: app.stopping.grace_is_over.clone(),
        },
    ))
}

async fn start_run(
    app: &App,
    owner: UserId,
    run: StartRun,
    trace_id: TraceId,
) -> Result<Response, ApiError> {
    let id = run.id;
    let started = app
        .runs
        .start(owner, run)
        .await
        .inspect_err(count_failure)
        .map_err(|error| app.refused(error))?;
    Ok(runs::stream(
        app,
        id,
        started.reader,
        TurnIds::default(),
        trace_id,
    ))
}

fn count_failure(error: &DomainError) {
    if let DomainError::Provider(error) = error {
        counter!("manent_completions_total", "provider" => "unknown", "outcome" => error.code())
            .increment(1);
    }
}

fn record_target(record: RecordRequest) -> RecordTarget {
    RecordTarget {
        conversation: record.conversation_id,
        message: record.message_id,
        parent: convert::parent(record.parent_id),
    }
}
