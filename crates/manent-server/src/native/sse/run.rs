//! A run, from any place of its log.
//!
//! Invariants: an event's `id:` names the run and the event's place in its log; the last event carries what is kept of the run;
//! dropping the stream leaves the run alone.

use std::fmt;
use std::task::{Context, Poll};

use manent_domain::completion::{CompletionEvent, FinishReason};
use manent_domain::error::DomainError;
use manent_domain::run::{LoggedEvent, RunEnd, RunEvent};
use manent_protocol::{DoneEvent, ErrorEvent, NoticeEvent, StartEvent};
use manent_runs::{Persisted, RunItem, RunReader};
use manent_types::{ConversationId, MessageId, MessageStatus, Part, RunId};

use super::{Piece, Progress, Source};
use crate::http::trace::TraceId;
use crate::native::convert::{self, WireEvent};
use crate::native::error::sentence;
use crate::native::{ApiError, cursor};

/// What a turn's `start` tells beside the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TurnIds {
    /// Where it happens.
    pub(crate) conversation: Option<ConversationId>,
    /// The person's message.
    pub(crate) message: Option<MessageId>,
    /// The answer's message.
    pub(crate) answer: Option<MessageId>,
}

/// The events of one run for one reader.
pub(crate) struct RunEvents {
    run: RunId,
    mark: String,
    turn: TurnIds,
    reader: RunReader,
    trace_id: TraceId,
    has_words: bool,
}

/// An `id:` of a run.
struct EventId<'run> {
    mark: &'run str,
    position: u64,
}

impl fmt::Display for EventId<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.mark, self.position)
    }
}

impl RunEvents {
    pub(crate) fn new(run: RunId, reader: RunReader, turn: TurnIds, trace_id: TraceId) -> Self {
        Self {
            run,
            mark: cursor::run_mark(run),
            turn,
            reader,
            trace_id,
            has_words: false,
        }
    }

    fn write_event(&mut self, piece: &mut Piece, event: LoggedEvent, kept: Option<Persisted>) {
        let id = EventId {
            mark: &self.mark,
            position: event.position,
        };
        match event.event {
            RunEvent::Started { provider, model } => {
                let start = StartEvent {
                    provider: provider.into(),
                    model: model.into(),
                    run_id: Some(self.run),
                    conversation_id: self.turn.conversation,
                    message_id: self.turn.message,
                    answer_id: self.turn.answer,
                };
                piece.write(Some(&id), "start", &start);
                return;
            }
            RunEvent::Retained(parts) => {
                Self::write_retained(piece, &id, parts);
            }
            RunEvent::Completion(event) => match convert::completion_event(event) {
                WireEvent::Delta(delta) => piece.write(Some(&id), "delta", &delta),
                WireEvent::Usage(usage) => piece.write(Some(&id), "usage", &usage),
                // A run says this in its end.
                WireEvent::Done(_) => {}
            },
            RunEvent::Ended(end) => {
                self.write_end(piece, &id, end, kept);
            }
        }
        self.has_words = true;
    }

    /// What the answer begins with, as if it were said. Only the last piece has the event's id: whoever has that has all of it.
    fn write_retained(piece: &mut Piece, id: &EventId<'_>, parts: Vec<Part>) {
        let said = parts.into_iter().filter_map(|part| match part {
            Part::Text { text } => Some(CompletionEvent::Text(text)),
            Part::Reasoning { text, .. } => Some(CompletionEvent::Reasoning(text)),
            _ => None,
        });
        let mut said = said.peekable();
        while let Some(event) = said.next() {
            let id = said.peek().is_none().then_some(id as &dyn fmt::Display);
            if let WireEvent::Delta(delta) = convert::completion_event(event) {
                piece.write(id, "delta", &delta);
            }
        }
    }

    fn write_end(&self, piece: &mut Piece, id: &EventId<'_>, end: RunEnd, kept: Option<Persisted>) {
        let status = kept.map(|_| end.status);
        let logged = kept.map(|kept| kept.logged);
        let persisted = kept.and_then(|kept| kept.persisted);
        let journal_position = kept.and_then(|kept| kept.journal_position);
        if end.status == MessageStatus::Complete {
            let done = DoneEvent {
                finish_reason: convert::finish_reason(
                    end.finish_reason.unwrap_or(FinishReason::Other),
                ),
                status,
                logged,
                persisted,
                journal_position,
            };
            return piece.write(Some(id), "done", &done);
        }
        let (code, detail, retryable) = match end.failure {
            Some(failure) => (failure.code, failure.detail, failure.retryable),
            None => (
                end.status.as_str().to_owned(),
                "the answer was stopped; what there is of it is kept".to_owned(),
                false,
            ),
        };
        let error = ErrorEvent {
            code: code.into(),
            detail: sentence(&detail).into(),
            retryable,
            trace_id: self.trace_id.as_str().into(),
            status,
            logged,
            persisted,
            journal_position,
        };
        piece.write(Some(id), "error", &error);
    }

    /// Says why the stream ends before the run did.
    fn write_break(&self, piece: &mut Piece, error: DomainError) {
        let error = ApiError::from(error);
        tracing::warn!(
            trace.id = self.trace_id.as_str(),
            code = error.code(),
            internal = error.for_log(),
            "a run cannot be read on"
        );
        let notice = NoticeEvent {
            code: error.code().into(),
            detail: format!("{} Attach again after the last id.", error.detail()).into(),
        };
        piece.write(None, "notice", &notice);
    }
}

impl Source for RunEvents {
    // A log ends, and what a run that goes on has more comes from the network.
    const MAY_NEVER_PAUSE: bool = false;

    fn poll_write(&mut self, piece: &mut Piece, context: &mut Context<'_>) -> Poll<Progress> {
        match self.reader.as_mut().poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(RunItem::Event(event)))) => self.write_event(piece, event, None),
            Poll::Ready(Some(Ok(RunItem::Notice(notice)))) => {
                let notice = NoticeEvent {
                    code: notice.code.into(),
                    detail: sentence(&notice.detail).into(),
                };
                piece.write(None, "notice", &notice);
            }
            Poll::Ready(Some(Ok(RunItem::End(event, kept)))) => {
                self.write_event(piece, event, Some(kept));
                return Poll::Ready(Progress::Ended);
            }
            Poll::Ready(Some(Err(error))) => {
                self.write_break(piece, error);
                return Poll::Ready(Progress::Ended);
            }
            Poll::Ready(None) => return Poll::Ready(Progress::Ended),
        }
        Poll::Ready(Progress::Wrote)
    }

    fn awaits_first(&self) -> bool {
        !self.has_words
    }

    fn cut(&mut self, piece: &mut Piece) -> Progress {
        let notice = NoticeEvent {
            code: "shutting_down".into(),
            detail: "The server is stopping; attach again after the last id.".into(),
        };
        piece.write(None, "notice", &notice);
        Progress::Ended
    }
}
