//! A generation that nobody keeps.
//!
//! Invariants: ids count up from 1; it ends with exactly one `done` or `error`; dropping it drops the provider's call.

use std::task::{Context, Poll};
use std::time::Instant;

use manent_domain::completion::{CompletionEvent, CompletionStream, ProviderError};
use manent_domain::ports::Admitted;
use manent_domain::services::StartedCompletion;
use manent_protocol::{DoneEvent, ErrorEvent, StartEvent};
use metrics::{counter, gauge, histogram};
use serde::Serialize;

use super::{Piece, Progress, Source};
use crate::http::trace::TraceId;
use crate::native::convert::{self, WireEvent};
use crate::native::error::sentence;

/// The events of one generation.
pub(crate) struct Generation {
    provider: String,
    /// Told with the first event.
    model: Option<String>,
    completion: CompletionStream,
    /// What it uses counts when it is dropped.
    admitted: Box<dyn Admitted>,
    trace_id: TraceId,
    next_id: u64,
    begun: Instant,
    has_first_event: bool,
    outcome: Option<&'static str>,
}

impl Generation {
    pub(crate) fn new(
        started: StartedCompletion,
        admitted: Box<dyn Admitted>,
        trace_id: TraceId,
        begun: Instant,
    ) -> Self {
        gauge!("manent_completions_running").increment(1.0);
        Self {
            provider: started.provider,
            model: Some(started.model),
            completion: started.stream,
            admitted,
            trace_id,
            next_id: 1,
            begun,
            has_first_event: false,
            outcome: None,
        }
    }

    fn write(&mut self, piece: &mut Piece, event: &str, data: &impl Serialize) {
        piece.write(Some(&self.next_id), event, data);
        self.next_id += 1;
    }

    fn write_start(&mut self, piece: &mut Piece, model: String) {
        let start = StartEvent {
            provider: self.provider.clone().into(),
            model: model.into(),
            run_id: None,
            conversation_id: None,
            message_id: None,
            answer_id: None,
        };
        self.write(piece, "start", &start);
    }

    fn write_event(&mut self, piece: &mut Piece, event: CompletionEvent) {
        if !self.has_first_event {
            self.has_first_event = true;
            histogram!("manent_completion_first_event_seconds", "provider" => self.provider.clone())
                .record(self.begun.elapsed().as_secs_f64());
        }
        match convert::completion_event(event) {
            WireEvent::Delta(delta) => self.write(piece, "delta", &delta),
            WireEvent::Usage(usage) => self.write(piece, "usage", &usage),
            WireEvent::Done(finish_reason) => {
                let done = DoneEvent {
                    finish_reason,
                    status: None,
                    logged: None,
                    persisted: None,
                    journal_position: None,
                };
                self.write(piece, "done", &done);
                self.outcome = Some("done");
            }
        }
    }

    fn write_error(
        &mut self,
        piece: &mut Piece,
        code: &'static str,
        detail: &str,
        retryable: bool,
    ) {
        let trace_id = self.trace_id.clone();
        tracing::warn!(
            trace.id = trace_id.as_str(),
            provider = self.provider,
            code,
            "generation failed"
        );
        let event = ErrorEvent {
            code: code.into(),
            detail: sentence(detail).into(),
            retryable,
            trace_id: trace_id.as_str().into(),
            status: None,
            logged: None,
            persisted: None,
            journal_position: None,
        };
        self.write(piece, "error", &event);
        self.outcome = Some(code);
    }

    fn write_provider_error(&mut self, piece: &mut Piece, error: &ProviderError) {
        self.write_error(
            piece,
            error.code(),
            &error.to_string(),
            error.is_retryable(),
        );
    }
}

impl Source for Generation {
    const MAY_NEVER_PAUSE: bool = true;

    fn poll_write(&mut self, piece: &mut Piece, context: &mut Context<'_>) -> Poll<Progress> {
        if let Some(model) = self.model.take() {
            self.write_start(piece, model);
            return Poll::Ready(Progress::Wrote);
        }
        match self.completion.as_mut().poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(event))) => {
                self.admitted.note(&event);
                self.write_event(piece, event);
            }
            Poll::Ready(Some(Err(error))) => self.write_provider_error(piece, &error),
            Poll::Ready(None) => self.write_provider_error(piece, &ProviderError::Truncated),
        }
        Poll::Ready(match self.outcome {
            Some(_) => Progress::Ended,
            None => Progress::Wrote,
        })
    }

    fn awaits_first(&self) -> bool {
        !self.has_first_event
    }

    fn cut(&mut self, piece: &mut Piece) -> Progress {
        self.write_error(piece, "shutting_down", "the server is stopping", true);
        Progress::Ended
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        gauge!("manent_completions_running").decrement(1.0);
        let outcome = self.outcome.unwrap_or("cancelled");
        counter!("manent_completions_total", "provider" => self.provider.clone(), "outcome" => outcome)
            .increment(1);
    }
}
