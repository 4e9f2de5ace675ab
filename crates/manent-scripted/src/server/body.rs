//! The body of a streamed answer.

use std::future::pending;
use std::io;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::task::yield_now;

use super::encode::Encoder;
use super::records::{Record, RequestState};
use crate::playback::Playback;
use crate::rules::Flush;
use crate::script::Step;

/// From this size on, a piece of the body is handed to the connection even when more is due.
const PIECE_BYTES: usize = 32 * 1024;

/// What the body does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Beginning,
    Playing,
    Breaking,
    Hanging,
    Over,
}

/// An answer that is being streamed.
pub(super) struct AnswerBody {
    playback: Playback,
    encoder: Box<dyn Encoder>,
    record: Record,
    flush: Flush,
    phase: Phase,
}

impl AnswerBody {
    pub(super) fn new(
        playback: Playback,
        encoder: Box<dyn Encoder>,
        record: Record,
        flush: Flush,
    ) -> Self {
        Self {
            playback,
            encoder,
            record,
            flush,
            phase: Phase::Beginning,
        }
    }

    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut body| async move {
            let piece = body.next_piece().await?;
            Some((piece, body))
        }))
    }

    async fn next_piece(&mut self) -> Option<io::Result<Bytes>> {
        let mut out = Vec::new();
        match self.phase {
            Phase::Over => return None,
            Phase::Hanging => return pending().await,
            Phase::Breaking => {
                // While the body has nothing to give, the connection sends what it has.
                yield_now().await;
                self.record.ends_as(RequestState::Dropped);
                return Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
            }
            Phase::Beginning => {
                self.encoder.begin(&mut out);
                self.phase = Phase::Playing;
            }
            Phase::Playing => {
                if self.flush == Flush::Each {
                    yield_now().await;
                }
                match self.playback.next().await {
                    Some(step) => self.play(&step, &mut out),
                    None => self.phase = Phase::Over,
                }
            }
        }
        while self.phase == Phase::Playing
            && out.len() < PIECE_BYTES
            && (self.flush == Flush::Coalesce || out.is_empty())
        {
            match self.playback.next_without_delay() {
                Some(step) => self.play(&step, &mut out),
                None if out.is_empty() => match self.playback.next().await {
                    Some(step) => self.play(&step, &mut out),
                    None => self.phase = Phase::Over,
                },
                None => break,
            }
        }
        if out.is_empty() {
            return Box::pin(self.next_piece()).await;
        }
        Some(Ok(Bytes::from(out)))
    }

    fn play(&mut self, step: &Step, out: &mut Vec<u8>) {
        self.encoder.step(step, out);
        if step.is_chunk() {
            self.record.chunks += 1;
        }
        match step {
            Step::Finish(_) | Step::Fail(_) => {
                self.phase = Phase::Over;
                self.record.ends_as(RequestState::Finished);
            }
            Step::Drop => self.phase = Phase::Breaking,
            Step::Hang => self.phase = Phase::Hanging,
            _ => {}
        }
    }
}
