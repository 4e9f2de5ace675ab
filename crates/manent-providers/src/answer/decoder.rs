//! The part of an answer's way that needs no network.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use manent_domain::completion::{CompletionEvent, FinishReason, ProviderError};

use crate::sse::{EventTooLarge, SseDecoder};

/// Events on their way out.
pub(crate) type Events = VecDeque<Result<CompletionEvent, ProviderError>>;

/// Whether an answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More may come.
    Open,
    /// The provider has told the end, with this reason.
    Ended(FinishReason),
}

/// What is particular to a wire format: what the data of an event means.
pub(crate) trait Translator: Send + Unpin + 'static {
    /// Reads the data of one event and writes down what it means. `Done` is not written but returned.
    ///
    /// # Errors
    /// An error that the provider tells, or data that is not of the format.
    fn read(&mut self, data: &[u8], events: &mut Events) -> Result<Progress, ProviderError>;

    /// Why the answer ended, once all of it has come, even though its formal end may not.
    fn reason_so_far(&self) -> Option<FinishReason>;

    /// Writes down what was held back, before the answer ends in whatever way.
    fn flush(&mut self, _events: &mut Events) {}
}

/// Turns an answer's bytes into events.
#[derive(Debug)]
pub(crate) struct AnswerDecoder<T> {
    sse: SseDecoder,
    translator: T,
    events: Events,
    is_ended: bool,
}

impl<T: Translator> AnswerDecoder<T> {
    /// Nothing read yet.
    pub(crate) fn new(translator: T) -> Self {
        Self {
            sse: SseDecoder::default(),
            translator,
            events: VecDeque::new(),
            is_ended: false,
        }
    }

    /// Takes the next chunk.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        if self.is_ended {
            return;
        }
        let Self {
            sse,
            translator,
            events,
            is_ended,
        } = self;
        let result = sse.feed(chunk, |data| read(translator, data, events, is_ended));
        if result == Err(EventTooLarge) {
            self.fail(ProviderError::Protocol {
                detail: "an event of the stream is larger than 1 MB".to_owned(),
            });
        }
    }

    /// Takes the end of the bytes.
    pub(crate) fn finish(&mut self) {
        if self.is_ended {
            return;
        }
        let Self {
            sse,
            translator,
            events,
            is_ended,
        } = self;
        let reason = translator.reason_so_far();
        sse.finish(|data| read(translator, data, events, is_ended));
        if let Some(last @ Err(ProviderError::Protocol { .. })) = events.back_mut() {
            // Half an event is no fault of the format: the connection broke in it.
            *last = match reason {
                Some(reason) => Ok(CompletionEvent::Done(reason)),
                None => Err(ProviderError::Truncated),
            };
        }
        if self.is_ended {
            return;
        }
        match self.translator.reason_so_far() {
            Some(reason) => {
                self.translator.flush(&mut self.events);
                self.events.push_back(Ok(CompletionEvent::Done(reason)));
                self.is_ended = true;
            }
            None => self.fail(ProviderError::Truncated),
        }
    }

    /// Ends the answer with an error, unless it has ended.
    pub(crate) fn fail(&mut self, error: ProviderError) {
        if !self.is_ended {
            self.translator.flush(&mut self.events);
            self.events.push_back(Err(error));
            self.is_ended = true;
        }
    }

    /// The next event.
    pub(crate) fn next_event(&mut self) -> Option<Result<CompletionEvent, ProviderError>> {
        self.events.pop_front()
    }

    /// Whether nothing that comes matters any more.
    pub(crate) const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether the answer is whole, though its formal end may be missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.translator.reason_so_far().is_some()
    }
}

fn read<T: Translator>(
    translator: &mut T,
    data: &[u8],
    events: &mut Events,
    is_ended: &mut bool,
) -> ControlFlow<()> {
    match translator.read(data, events) {
        Ok(Progress::Open) => return ControlFlow::Continue(()),
        Ok(Progress::Ended(reason)) => {
            translator.flush(events);
            events.push_back(Ok(CompletionEvent::Done(reason)));
        }
        Err(error) => {
            translator.flush(events);
            events.push_back(Err(error));
        }
    }
    *is_ended = true;
    ControlFlow::Break(())
}
