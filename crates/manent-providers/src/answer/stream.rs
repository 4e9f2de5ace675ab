//! The part of an answer's way that waits for the network.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use manent_domain::completion::{CompletionEvent, ProviderError};
use tokio::time::{Instant, Sleep, sleep_until};

use super::decoder::{AnswerDecoder, Translator};
use crate::http::{Body, OpenAnswer};

/// How long a formal end is waited for once the answer is whole.
const GRACE: Duration = Duration::from_secs(5);
/// How long the end of the body is waited for after the formal end, so that the connection can be used again.
const DRAIN_TIME: Duration = Duration::from_millis(250);
/// How much may come in it.
const DRAIN_BYTES: usize = 64 * 1024;

/// What is done with further bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// They are decoded.
    Reading,
    /// They are thrown away.
    Draining,
    /// There are none.
    Closed,
}

/// A running answer. Everything that a chunk holds is ready at once; dropping it closes the provider's connection.
pub(crate) struct AnswerStream<T> {
    body: Option<Body>,
    decoder: AnswerDecoder<T>,
    stage: Stage,
    silence: Duration,
    last_byte: Instant,
    /// Set anew only when it fires, not with every chunk.
    timer: Pin<Box<Sleep>>,
    drained: usize,
}

impl<T: Translator> AnswerStream<T> {
    /// Reads on from the first bytes.
    pub(crate) fn new(answer: OpenAnswer, translator: T, silence: Duration) -> Self {
        let now = Instant::now();
        let mut stream = Self {
            body: Some(answer.rest),
            decoder: AnswerDecoder::new(translator),
            stage: Stage::Reading,
            silence,
            last_byte: now,
            timer: Box::pin(sleep_until(now + silence)),
            drained: 0,
        };
        stream.decode(&answer.first);
        stream
    }

    fn decode(&mut self, chunk: &[u8]) {
        let was_whole = self.decoder.is_whole();
        self.decoder.feed(chunk);
        if self.decoder.is_ended() {
            self.stage = Stage::Draining;
            self.timer.as_mut().reset(self.last_byte + DRAIN_TIME);
        } else if !was_whole && self.decoder.is_whole() {
            let deadline = self.deadline();
            self.timer.as_mut().reset(deadline);
        }
    }

    fn deadline(&self) -> Instant {
        let patience = if self.decoder.is_whole() {
            self.silence.min(GRACE)
        } else {
            self.silence
        };
        self.last_byte + patience
    }

    fn close(&mut self) {
        self.stage = Stage::Closed;
        self.body = None;
    }

    fn take_chunk(&mut self, chunk: &[u8]) {
        match self.stage {
            Stage::Reading => {
                self.last_byte = Instant::now();
                self.decode(chunk);
            }
            Stage::Draining => {
                self.drained += chunk.len();
                if self.drained > DRAIN_BYTES {
                    self.close();
                }
            }
            Stage::Closed => {}
        }
    }

    /// The timer has fired.
    fn take_time_out(&mut self) {
        if self.stage == Stage::Draining {
            self.close();
            return;
        }
        let deadline = self.deadline();
        if Instant::now() < deadline {
            self.timer.as_mut().reset(deadline);
            return;
        }
        if self.decoder.is_whole() {
            self.decoder.finish();
        } else {
            self.decoder
                .fail(ProviderError::Timeout { stage: "silence" });
        }
        self.close();
    }
}

impl<T: Translator> Stream for AnswerStream<T> {
    type Item = Result<CompletionEvent, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.decoder.next_event() {
                if event.is_err() {
                    // Nothing more is wanted: the provider may stop.
                    this.close();
                }
                return Poll::Ready(Some(event));
            }
            let Some(body) = this.body.as_mut() else {
                return Poll::Ready(None);
            };
            match body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(chunk))) => this.take_chunk(&chunk),
                Poll::Ready(Some(Err(_)) | None) => {
                    this.decoder.finish();
                    this.close();
                }
                Poll::Pending => match this.timer.as_mut().poll(context) {
                    Poll::Ready(()) => this.take_time_out(),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}
