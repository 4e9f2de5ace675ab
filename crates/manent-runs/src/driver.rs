//! One task per run: it holds the provider's stream and puts what comes into the run's log. Nobody's absence stops it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::completion::{
    CompletionEvent, CompletionRequest, CompletionStream, ProviderError,
};
use manent_domain::error::DomainError;
use manent_domain::ports::{Admitted, StoreError};
use manent_domain::run::{RunEnd, RunEvent, RunFailure};
use manent_types::{MessageStatus, Part};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::hub::{EndGuard, Hub};
use crate::live::{Cut, LiveRun, end_of_cut};

/// What whoever starts a run waits for.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// The provider has accepted the request, or the run was stopped before it could.
    Running,
    /// A run with this id was there already.
    Redirected,
}

/// What a run begins with.
pub(crate) struct Starting {
    /// That it may; dropped when it has ended.
    pub(crate) admitted: Box<dyn Admitted>,
    /// What its answer begins with; empty: nothing.
    pub(crate) retained: Vec<Part>,
    /// Who waits for its beginning.
    pub(crate) accepted: oneshot::Sender<Result<Accepted, DomainError>>,
}

/// Runs a run from its registration to its end. Whoever started it may be gone; `span` is theirs.
pub(crate) async fn drive(
    hub: Arc<Hub>,
    run: Arc<LiveRun>,
    request: CompletionRequest,
    registration_wait: Option<Duration>,
    starting: Starting,
    span: Span,
) {
    let Starting {
        mut admitted,
        retained,
        accepted,
    } = starting;
    let guard = EndGuard { hub, run };
    let (hub, run) = (&guard.hub, &guard.run);
    if let Some(wait) = registration_wait {
        tokio::select! {
            _ = timeout(wait, run.wait_until_opened()) => {}
            () = run.when_cut() => {}
        }
    }
    if run.why_cut().is_none() {
        admitted.asked();
    }
    let started = tokio::select! {
        biased;
        () = run.when_cut() => None,
        started = hub.ports.completions.start(run.key().0, request).instrument(span.clone()) => Some(started),
    };
    // Only now: a run without events can still give way, or be refused.
    if started.is_some() && !retained.is_empty() {
        run.push(RunEvent::Retained(retained));
    }
    match started {
        None => end_cut(hub, run, accepted),
        Some(Err(error)) => {
            // A cut that came in the same moment is the stronger reason.
            if run.why_cut().is_some() {
                return end_cut(hub, run, accepted);
            }
            end(hub, run, end_of_error(&error), &span);
            answer(accepted, Err(error));
        }
        Some(Ok(started)) => {
            run.started(started.provider.clone(), started.model.clone());
            if run.why_cut().is_some() {
                return end_cut(hub, run, accepted);
            }
            admitted.accepted(&started.provider, &started.model);
            answer(accepted, Ok(Accepted::Running));
            let ended = take_all(run, started.stream, admitted.as_mut()).await;
            drop(admitted);
            end(hub, run, ended, &span);
        }
    }
}

/// Puts the provider's events into the log until the end comes, or a cut. Dropping the stream cancels the provider's call.
async fn take_all(
    run: &LiveRun,
    mut stream: CompletionStream,
    admitted: &mut dyn Admitted,
) -> RunEnd {
    let cut = run.when_cut();
    tokio::pin!(cut);
    loop {
        // The stream is asked first: that a run is cut is also known from the log, which costs less.
        let next = tokio::select! {
            biased;
            next = stream.next() => next,
            () = &mut cut => return end_of_cut(run.why_cut().unwrap_or(Cut::Interrupted)),
        };
        match next {
            Some(Ok(CompletionEvent::Done(reason))) => {
                return RunEnd {
                    status: MessageStatus::Complete,
                    finish_reason: Some(reason),
                    failure: None,
                };
            }
            Some(Ok(event)) => {
                admitted.note(&event);
                if !run.push(RunEvent::Completion(event)) {
                    return end_of_cut(run.why_cut().unwrap_or(Cut::Interrupted));
                }
            }
            Some(Err(error)) => return end_of_provider_error(&error),
            None => return end_of_provider_error(&ProviderError::Truncated),
        }
    }
}

fn end(hub: &Hub, run: &LiveRun, end: RunEnd, span: &Span) {
    if let (MessageStatus::Failed, Some(failure)) = (end.status, &end.failure) {
        span.in_scope(|| tracing::warn!(run = %run.id, code = failure.code, "a run failed"));
    }
    hub.end(run, end);
}

fn end_cut(
    hub: &Hub,
    run: &Arc<LiveRun>,
    accepted: oneshot::Sender<Result<Accepted, DomainError>>,
) {
    let why = run.why_cut().unwrap_or(Cut::Interrupted);
    let outcome = match why {
        Cut::Stopped | Cut::Interrupted => Ok(Accepted::Running),
        Cut::Redirected => Ok(Accepted::Redirected),
        Cut::Refused(refused) => Err(refused.error()),
    };
    if matches!(why, Cut::Redirected | Cut::Refused(_)) {
        run.with_state(false, |state| state.storing.give_up());
        hub.forget(run);
    }
    hub.end(run, end_of_cut(why));
    answer(accepted, outcome);
}

fn answer(
    accepted: oneshot::Sender<Result<Accepted, DomainError>>,
    outcome: Result<Accepted, DomainError>,
) {
    // Whoever asked may be gone; the run goes on.
    drop(accepted.send(outcome));
}

fn end_of_error(error: &DomainError) -> RunEnd {
    match error {
        DomainError::Provider(error) => end_of_provider_error(error),
        other => failed("invalid_request", other.to_string(), false),
    }
}

fn end_of_provider_error(error: &ProviderError) -> RunEnd {
    failed(error.code(), error.to_string(), error.is_retryable())
}

fn failed(code: &str, detail: String, retryable: bool) -> RunEnd {
    RunEnd {
        status: MessageStatus::Failed,
        finish_reason: None,
        failure: Some(RunFailure {
            code: code.to_owned(),
            detail,
            retryable,
        }),
    }
}

/// The end of a run whose task broke.
pub(crate) fn broken() -> RunEnd {
    failed("internal", "the server failed".to_owned(), true)
}

/// What whoever started a run is told when its task broke.
pub(crate) fn broken_error() -> DomainError {
    DomainError::Store(StoreError::Internal {
        detail: "the task of a run is gone".to_owned(),
    })
}
