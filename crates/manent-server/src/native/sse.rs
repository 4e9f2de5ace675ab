//! A generation as server-sent events.
//!
//! Invariants: ids count up from 1; the stream ends with exactly one `done` or `error`; dropping it drops the provider's call.
//! Everything that is ready at once leaves in one piece, and a single event leaves without waiting for another.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use bytes::{BufMut, BytesMut};
use futures_util::Stream;
use manent_domain::completion::{CompletionEvent, CompletionStream, ProviderError};
use manent_domain::services::StartedCompletion;
use manent_protocol::{DeltaEvent, DoneEvent, ErrorEvent, StartEvent};
use metrics::{counter, gauge, histogram};
use serde::Serialize;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::convert;
use super::error::sentence;
use crate::http::trace::TraceId;

/// What leaves in one piece at most, unless one event is larger.
const PIECE_BYTES: usize = 16 * 1024;

/// The events of one generation.
pub(super) struct EventStream {
    provider: String,
    completion: CompletionStream,
    trace_id: TraceId,
    buffer: BytesMut,
    next_id: u64,
    heartbeat: Duration,
    heartbeat_timer: Pin<Box<Sleep>>,
    last_piece: Instant,
    has_just_given: bool,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    begun: Instant,
    has_first_event: bool,
    is_unasked: bool,
    outcome: Option<&'static str>,
}

impl EventStream {
    pub(super) fn new(
        started: StartedCompletion,
        trace_id: TraceId,
        heartbeat: Duration,
        shutdown: WaitForCancellationFutureOwned,
        begun: Instant,
    ) -> Self {
        gauge!("manent_completions_running").increment(1.0);
        let mut stream = Self {
            provider: started.provider,
            completion: started.stream,
            trace_id,
            buffer: BytesMut::with_capacity(1024),
            next_id: 1,
            heartbeat,
            heartbeat_timer: Box::pin(tokio::time::sleep(heartbeat)),
            last_piece: Instant::now(),
            has_just_given: false,
            shutdown: Box::pin(shutdown),
            begun,
            has_first_event: false,
            is_unasked: true,
            outcome: None,
        };
        let provider = stream.provider.clone();
        stream.write(
            "start",
            &StartEvent {
                provider: provider.into(),
                model: started.model.into(),
                run_id: None,
                conversation_id: None,
                message_id: None,
                answer_id: None,
            },
        );
        stream
    }

    fn write(&mut self, event: &str, data: &impl Serialize) {
        let mut writer = (&mut self.buffer).writer();
        // Writing to a growing buffer cannot fail, nor can these types fail to become JSON.
        let _ = write!(writer, "id: {}\nevent: {event}\ndata: ", self.next_id);
        let _ = serde_json::to_writer(&mut writer, data);
        self.buffer.extend_from_slice(b"\n\n");
        self.next_id += 1;
    }

    fn write_event(&mut self, event: CompletionEvent) {
        if !self.has_first_event {
            self.has_first_event = true;
            histogram!("manent_completion_first_event_seconds", "provider" => self.provider.clone())
                .record(self.begun.elapsed().as_secs_f64());
        }
        match event {
            CompletionEvent::Text(text) => {
                self.write(
                    "delta",
                    &DeltaEvent::Text {
                        text: Cow::Owned(text),
                    },
                );
            }
            CompletionEvent::Reasoning(text) => {
                self.write(
                    "delta",
                    &DeltaEvent::Reasoning {
                        text: Cow::Owned(text),
                    },
                );
            }
            CompletionEvent::ReasoningSignature(signature) => {
                self.write(
                    "delta",
                    &DeltaEvent::ReasoningSignature {
                        signature: signature.into(),
                    },
                );
            }
            CompletionEvent::ToolCall {
                index,
                id,
                name,
                arguments_delta,
            } => {
                let delta = DeltaEvent::ToolCall {
                    index,
                    id: id.map(Cow::Owned),
                    name: name.map(Cow::Owned),
                    arguments_delta: arguments_delta.map(Cow::Owned),
                };
                self.write("delta", &delta);
            }
            CompletionEvent::Usage(usage) => self.write("usage", &usage),
            CompletionEvent::Done(reason) => {
                self.write(
                    "done",
                    &DoneEvent {
                        finish_reason: convert::finish_reason(reason),
                        receipt: None,
                    },
                );
                self.outcome = Some("done");
            }
        }
    }

    fn write_error(&mut self, code: &'static str, detail: &str, retryable: bool) {
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
            receipt: None,
        };
        self.write("error", &event);
        self.outcome = Some(code);
    }

    fn write_provider_error(&mut self, error: &ProviderError) {
        self.write_error(error.code(), &error.to_string(), error.is_retryable());
    }

    /// Takes everything that is ready now, up to a piece.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.outcome.is_none() && self.buffer.len() < PIECE_BYTES {
            match self.completion.as_mut().poll_next(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(event))) => self.write_event(event),
                Poll::Ready(Some(Err(error))) => self.write_provider_error(&error),
                Poll::Ready(None) => self.write_provider_error(&ProviderError::Truncated),
            }
        }
    }

    /// Writes the end when the server stops; asks to be woken then.
    fn end_when_stopping(&mut self, context: &mut Context<'_>) {
        if self.outcome.is_none() && self.shutdown.as_mut().poll(context).is_ready() {
            self.write_error("shutting_down", "the server is stopping", true);
        }
    }

    fn is_heartbeat_due(&mut self, context: &mut Context<'_>) -> bool {
        while self.heartbeat_timer.as_mut().poll(context).is_ready() {
            let left = self.heartbeat.checked_sub(self.last_piece.elapsed());
            let next = left.filter(|left| !left.is_zero());
            let deadline = tokio::time::Instant::now() + next.unwrap_or(self.heartbeat);
            self.heartbeat_timer.as_mut().reset(deadline);
            if next.is_none() {
                return true;
            }
        }
        false
    }
}

impl Stream for EventStream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // After a piece the stop comes first: a provider that always has more ready would never let it have its turn.
        let has_asked = this.has_just_given;
        if has_asked {
            this.end_when_stopping(context);
        }
        this.fill(context);
        // The provider's first event is often in this process already and only waits for another task's turn: giving that turn
        // once lets `start` and the first words leave together, in one write.
        if std::mem::take(&mut this.is_unasked) && !this.has_first_event && this.outcome.is_none() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.buffer.is_empty() && !has_asked {
            this.end_when_stopping(context);
        }
        if this.buffer.is_empty() {
            if this.outcome.is_some() {
                return Poll::Ready(None);
            }
            if this.is_heartbeat_due(context) {
                this.buffer.extend_from_slice(b": ping\n\n");
            } else {
                this.has_just_given = false;
                return Poll::Pending;
            }
        }
        this.has_just_given = true;
        this.last_piece = Instant::now();
        Poll::Ready(Some(Ok(this.buffer.split().freeze())))
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        gauge!("manent_completions_running").decrement(1.0);
        let outcome = self.outcome.unwrap_or("cancelled");
        counter!("manent_completions_total", "provider" => self.provider.clone(), "outcome" => outcome)
            .increment(1);
    }
}
