//! One connection to a run.

use std::time::Duration;

use manent_engine::TraceContext;
use manent_types::RunId;
use reqwest::{Method, Response};

use super::event::CompletionEvent;
use super::sse::SseDecoder;
use crate::error::ApiError;
use crate::http::Api;

/// What a connection gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Read {
    /// An event, and the place after which reading goes on, where it has one.
    Event {
        event: CompletionEvent,
        cursor: Option<String>,
    },
    /// The connection ended or broke, with or without an end of the answer before.
    Cut,
}

/// Reads the events of one answer. Dropping it closes the connection.
pub(crate) struct EventReader {
    response: Response,
    decoder: SseDecoder,
    silence: Duration,
}

impl EventReader {
    pub(crate) fn new(response: Response, silence: Duration) -> Self {
        Self {
            response,
            decoder: SseDecoder::default(),
            silence,
        }
    }

    /// Waits for the next event. Being dropped while it waits loses nothing.
    pub(crate) async fn next(&mut self) -> Read {
        loop {
            while let Some(raw) = self.decoder.next() {
                if let Some(event) = CompletionEvent::read(&raw) {
                    let cursor = raw.id.filter(|id| !id.is_empty());
                    return Read::Event { event, cursor };
                }
            }
            let chunk = tokio::time::timeout(self.silence, self.response.chunk()).await;
            let Ok(Ok(Some(chunk))) = chunk else {
                return Read::Cut;
            };
            if self.decoder.feed(&chunk).is_err() {
                return Read::Cut;
            }
        }
    }
}

/// Reads a run that exists, after a place or from its beginning; absent when nothing comes after that place.
pub(crate) async fn open_run(
    api: &Api,
    run: RunId,
    after: Option<&str>,
    trace: Option<&TraceContext>,
) -> Result<Option<EventReader>, ApiError> {
    let mut path = format!("/completion/{run}");
    if let Some(after) = after {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("after", after)
            .finish();
        path = format!("{path}?{query}");
    }
    let response = api.open_stream(Method::GET, &path, None, trace).await?;
    let silence = api.patience().stream_silence;
    Ok(response.map(|response| EventReader::new(response, silence)))
}
