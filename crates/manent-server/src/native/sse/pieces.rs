//! Cutting a stream of events into pieces for the socket.

use std::fmt::Display;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use bytes::{BufMut, BytesMut};
use futures_util::Stream;
use serde::Serialize;
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Delivery;

/// What leaves in one piece at most, unless one event is larger.
const PIECE_BYTES: usize = 16 * 1024;

/// What was written and has not left yet.
pub(crate) struct Piece(BytesMut);

impl Piece {
    /// Writes an event without an id, of which the data is JSON already.
    pub(crate) fn write_json(&mut self, event: &str, data: &str) {
        let mut writer = (&mut self.0).writer();
        // Writing to a growing buffer cannot fail.
        let _ = write!(writer, "event: {event}\ndata: {data}\n\n");
    }

    /// Writes an event. Without an id it has no place in the stream's order.
    pub(super) fn write(&mut self, id: Option<&dyn Display>, event: &str, data: &impl Serialize) {
        let mut writer = (&mut self.0).writer();
        // Writing to a growing buffer cannot fail, nor can the wire's types fail to become JSON.
        if let Some(id) = id {
            let _ = writeln!(writer, "id: {id}");
        }
        let _ = write!(writer, "event: {event}\ndata: ");
        let _ = serde_json::to_writer(&mut writer, data);
        self.0.extend_from_slice(b"\n\n");
    }
}

/// What became of a source after it was asked for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It wrote something, and may have more.
    Wrote,
    /// It may have written something, and nothing comes any more.
    Ended,
    /// Nothing comes any more, and that is no end: the connection is to break.
    Broken,
}

/// A stream that did not come to its end. Whoever reads it sees the connection break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stream of events broke off")]
pub(crate) struct BrokenOff;

/// Where the events of a stream come from.
pub(crate) trait Source: Unpin {
    /// Whether it may have more ready forever, so that an end from outside must not wait for a pause.
    const MAY_NEVER_PAUSE: bool;

    /// Writes the next event, if it is there.
    fn poll_write(&mut self, piece: &mut Piece, context: &mut Context<'_>) -> Poll<Progress>;

    /// Whether the first words may be in this process already and only wait for another task's turn.
    fn awaits_first(&self) -> bool;

    /// Writes how the stream ends when it is ended from outside, or has the connection broken.
    fn cut(&mut self, piece: &mut Piece) -> Progress;
}

/// The events of a source in pieces, with heartbeats.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing, and they go together in any way"
)]
pub(super) struct EventStream<S> {
    source: S,
    piece: Piece,
    has_ended: bool,
    is_broken: bool,
    heartbeat: Duration,
    heartbeat_timer: Pin<Box<Sleep>>,
    last_piece: Instant,
    has_just_given: bool,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    is_unasked: bool,
}

impl<S: Source> EventStream<S> {
    pub(super) fn new(source: S, delivery: Delivery) -> Self {
        Self {
            source,
            piece: Piece(BytesMut::with_capacity(1024)),
            has_ended: false,
            is_broken: false,
            heartbeat: delivery.heartbeat,
            heartbeat_timer: Box::pin(tokio::time::sleep(delivery.heartbeat)),
            last_piece: Instant::now(),
            has_just_given: false,
            cut: Box::pin(delivery.cut.cancelled_owned()),
            is_unasked: true,
        }
    }

    /// Takes everything that is ready now, up to a piece.
    fn fill(&mut self, context: &mut Context<'_>) {
        while !self.has_ended && self.piece.0.len() < PIECE_BYTES {
            match self.source.poll_write(&mut self.piece, context) {
                Poll::Pending => return,
                Poll::Ready(Progress::Wrote) => {}
                Poll::Ready(progress) => self.end(progress),
            }
        }
    }

    /// Writes the end when it is asked for from outside; asks to be woken then.
    fn end_when_cut(&mut self, context: &mut Context<'_>) {
        if !self.has_ended && self.cut.as_mut().poll(context).is_ready() {
            let progress = self.source.cut(&mut self.piece);
            self.end(progress);
        }
    }

    fn end(&mut self, progress: Progress) {
        self.has_ended = true;
        self.is_broken = progress == Progress::Broken;
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

impl<S: Source> Stream for EventStream<S> {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // After a piece the end from outside comes first: a source that always has more ready would never let it have its turn.
        let has_asked = S::MAY_NEVER_PAUSE && this.has_just_given;
        if has_asked {
            this.end_when_cut(context);
        }
        this.fill(context);
        // Giving another task its turn once lets the beginning and the first words leave together, in one write.
        if std::mem::take(&mut this.is_unasked) && !this.has_ended && this.source.awaits_first() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.piece.0.is_empty() && !has_asked {
            this.end_when_cut(context);
        }
        if this.piece.0.is_empty() {
            if std::mem::take(&mut this.is_broken) {
                return Poll::Ready(Some(Err(BrokenOff)));
            }
            if this.has_ended {
                return Poll::Ready(None);
            }
            if this.is_heartbeat_due(context) {
                this.piece.0.extend_from_slice(b": ping\n\n");
            } else {
                this.has_just_given = false;
                return Poll::Pending;
            }
        }
        this.has_just_given = true;
        this.last_piece = Instant::now();
        Poll::Ready(Some(Ok(this.piece.0.split().freeze())))
    }
}
