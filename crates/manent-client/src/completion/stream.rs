//! A completion that belongs to no conversation.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use manent_engine::TraceContext;
use manent_types::{ModelSettings, Part, Role, RunId};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::event::{CompletionEvent, Receipt};
use super::reader::{EventReader, Read, open_run};
use super::seen::SeenEvents;
use crate::environment;
use crate::error::ApiError;
use crate::http::Api;

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
}

impl PromptMessage {
    /// What the person says.
    pub fn user(text: impl Into<String>) -> Self {
        Self {
            role: Role::User,
            content: vec![Part::Text { text: text.into() }],
        }
    }
}

/// The body of `POST /completion/generate`.
pub(crate) fn generate_request(
    messages: &[PromptMessage],
    config: &ModelSettings,
    run: RunId,
    record: Option<Value>,
) -> Value {
    let mut body = json!({"messages": messages, "config": config, "runId": run});
    if let (Some(record), Value::Object(body)) = (record, &mut body) {
        body.insert("record".to_owned(), record);
    }
    body
}

/// The pauses before a broken connection is opened again, in milliseconds. After the last one the stream fails.
const PAUSES_MS: [u64; 9] = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/// The events of a completion, up to exactly one end ([`CompletionEvent::is_end`]).
///
/// A connection that breaks is opened again after the last event, so nothing is missed and nothing comes twice; when that fails for a
/// minute the end is `Failed` with the code `connection_lost`. Dropping the stream stops reading; the server ends the answer by itself.
pub struct CompletionStream {
    events: Pin<Box<dyn Stream<Item = CompletionEvent> + Send>>,
    run: RunId,
}

impl CompletionStream {
    /// The run on the server, with which the answer can be stopped.
    pub fn run_id(&self) -> RunId {
        self.run
    }

    /// The next event; absent after the end.
    pub async fn next(&mut self) -> Option<CompletionEvent> {
        std::future::poll_fn(|context| self.events.as_mut().poll_next(context)).await
    }

    /// Asks for a completion. Returns when it begins, or with the reason why it does not.
    pub(crate) async fn begin(
        api: Api,
        messages: &[PromptMessage],
        config: &ModelSettings,
    ) -> Result<Self, ApiError> {
        let run = RunId::new(environment::new_id());
        let trace = environment::new_trace();
        let body = generate_request(messages, config, run, None);
        let path = "/completion/generate";
        let response = api
            .open_stream(Method::POST, path, Some(&body), trace.as_ref())
            .await?;
        let silence = api.patience().stream_silence;
        let follower = Follower {
            reader: response.map(|response| EventReader::new(response, silence)),
            api,
            run,
            trace,
            opened: Instant::now(),
            cursor: None,
            seen: SeenEvents::default(),
            failures: 0,
            is_over: false,
        };
        let events = futures_util::stream::unfold(follower, Follower::step);
        Ok(Self {
            events: Box::pin(events),
            run,
        })
    }
}

impl Stream for CompletionStream {
    type Item = CompletionEvent;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<CompletionEvent>> {
        self.events.as_mut().poll_next(context)
    }
}

/// A connection that breaks before this is followed by a pause, also when it brought something.
const STEADY: Duration = Duration::from_secs(1);

struct Follower {
    api: Api,
    run: RunId,
    trace: Option<TraceContext>,
    reader: Option<EventReader>,
    opened: Instant,
    cursor: Option<String>,
    seen: SeenEvents,
    failures: usize,
    is_over: bool,
}

impl Follower {
    async fn step(mut self) -> Option<(CompletionEvent, Self)> {
        if self.is_over {
            return None;
        }
        let event = self.next().await;
        self.is_over = event.is_end();
        Some((event, self))
    }

    async fn next(&mut self) -> CompletionEvent {
        loop {
            if let Some(reader) = &mut self.reader {
                if let Read::Event { event, cursor } = reader.next().await {
                    if !self.seen.is_new(cursor.as_deref()) {
                        continue;
                    }
                    if cursor.is_some() {
                        self.cursor = cursor;
                        self.failures = self.failures.min(1);
                    }
                    return event;
                }
                self.reader = None;
                // One that lasted and brought something was a good one: at once again.
                if self.failures == 1 && self.opened.elapsed() >= STEADY {
                    self.failures = 0;
                }
            }
            let Some(pause) = PAUSES_MS.get(self.failures) else {
                return connection_lost("the connection to the server broke while the answer came");
            };
            self.failures += 1;
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            let after = self.cursor.as_deref();
            match open_run(&self.api, self.run, after, self.trace.as_ref()).await {
                Ok(Some(reader)) => {
                    self.reader = Some(reader);
                    self.opened = Instant::now();
                }
                Ok(None) => return connection_lost("the end of the answer was lost"),
                Err(error) if error.is_transient() => {}
                Err(error) => return connection_lost(&error.to_string()),
            }
        }
    }
}

fn connection_lost(detail: &str) -> CompletionEvent {
    CompletionEvent::Failed {
        code: "connection_lost".to_owned(),
        detail: detail.to_owned(),
        is_retryable: true,
        receipt: Receipt::default(),
    }
}
