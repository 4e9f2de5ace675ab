//! Streams of server-sent events.
//!
//! Invariants: what is ready at once leaves in one piece, and a single event leaves without waiting for another; a silent stream
//! says that it lives; dropping a stream drops what it reads from.

mod feed;
mod generation;
mod pieces;
mod run;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;

pub(super) use feed::FeedEvents;
pub(super) use generation::Generation;
use pieces::EventStream;
pub(crate) use pieces::{BrokenOff, Piece, Progress, Source};
pub(super) use run::{RunEvents, TurnIds};

/// How a stream of events is kept alive and ended.
pub(crate) struct Delivery {
    /// How often a silent stream says that it lives.
    pub(crate) heartbeat: std::time::Duration,
    /// Ends the stream from outside.
    pub(crate) cut: tokio_util::sync::CancellationToken,
}

/// An answer that streams the source's events.
pub(crate) fn respond(source: impl Source + Send + 'static, delivery: Delivery) -> Response {
    let mut response = Response::new(Body::from_stream(EventStream::new(source, delivery)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
