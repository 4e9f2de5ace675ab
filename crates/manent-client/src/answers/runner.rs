//! One try at an answer: ask for it, read it, and say how that went.

use std::time::Duration;

use manent_engine::TraceContext;
use manent_engine::answers::{AnswerFailure, read_failure};
use manent_protocol::MessageResource;
use manent_types::{MessageStatus, RunId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::board::Board;
use super::payload::AnswerPayload;
use crate::completion::{
    AnswerContent, CompletionEvent, EventReader, Read, generate_request, open_run,
};
use crate::creations::Creations;
use crate::error::ApiError;
use crate::http::Api;

/// A connection that was opened at once after another one broke, and breaks itself before this, is no good one.
const STEADY: Duration = Duration::from_secs(1);

/// What shows that it was Manent that created a conversation.
#[derive(Deserialize)]
struct Created {
    id: String,
}

/// How a try went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attempt {
    /// The end was seen.
    Ended(Box<AnswerContent>),
    /// Another try may bring more.
    Failed(AnswerFailure),
}

/// What a try needs.
pub(crate) struct Runner {
    pub(crate) api: Api,
    pub(crate) board: Board,
    pub(crate) creations: Creations,
    pub(crate) run: RunId,
    pub(crate) payload: AnswerPayload,
    pub(crate) trace: Option<TraceContext>,
    /// Told once, when the first event comes.
    pub(crate) began: mpsc::Sender<RunId>,
}

impl Runner {
    /// Makes one try.
    pub(crate) async fn attempt(self) -> Attempt {
        let cursor = self.board.cursor(self.run);
        let opened = match &cursor {
            Some(cursor) => self.attach(cursor).await,
            None => self.ask().await,
        };
        match opened {
            Ok(Some(reader)) => self.read(reader).await,
            Ok(None) => {
                self.stored("run_ended", "The end of the answer was lost.")
                    .await
            }
            Err(error) => self.fail(&error).await,
        }
    }

    async fn attach(&self, cursor: &str) -> Result<Option<EventReader>, ApiError> {
        open_run(&self.api, self.run, Some(cursor), self.trace.as_ref()).await
    }

    async fn ask(&self) -> Result<Option<EventReader>, ApiError> {
        let record = match self.create().await {
            Ok(()) => Some(self.payload.record()),
            // The server is there, and its store is not: the answer does not wait for that, and this device keeps it.
            Err(ApiError::Refused { problem, .. }) if problem.status >= 500 => None,
            Err(error) => return Err(error),
        };
        let AnswerPayload {
            messages, config, ..
        } = &self.payload;
        let body = generate_request(messages, config, self.run, record);
        self.board.begin(self.run);
        let trace = self.trace.as_ref();
        let response = self
            .api
            .open_stream(Method::POST, "/completion/generate", Some(&body), trace)
            .await?;
        let silence = self.api.patience().stream_silence;
        Ok(response.map(|response| EventReader::new(response, silence)))
    }

    /// Makes sure that the conversation is there, so that the server can keep the answer.
    async fn create(&self) -> Result<(), ApiError> {
        let conversation = self.payload.conversation_id.as_uuid();
        let Some(create) = &self.payload.create else {
            return Ok(());
        };
        if self.creations.contains(conversation) {
            return Ok(());
        }
        let body = json!({
            "id": self.payload.conversation_id,
            "title": create.title,
            "config": create.config,
        });
        let path = "/conversation/create";
        let trace = self.trace.as_ref();
        let created: Created = self.api.post_for(path, &body, trace).await?;
        tracing::debug!(conversation = created.id, "created");
        self.creations.insert(conversation);
        Ok(())
    }

    async fn read(&self, mut reader: EventReader) -> Attempt {
        let mut has_begun = false;
        let mut events_of_connection = 0_u32;
        let mut attached_again: Option<Instant> = None;
        let mut notice = None;
        loop {
            match reader.next().await {
                Read::Event { event, cursor } => {
                    if let CompletionEvent::Notice { code, .. } = &event {
                        notice = Some(code.clone());
                    }
                    if let CompletionEvent::Failed { code, .. } = &event {
                        match read_failure(200, Some(code), None) {
                            AnswerFailure::Over { .. } => {}
                            failure => return Attempt::Failed(failure),
                        }
                    }
                    if !self.board.apply(self.run, &event, cursor) {
                        continue;
                    }
                    events_of_connection += 1;
                    if !has_begun {
                        has_begun = true;
                        // Fails only when the client is closed.
                        let _ = self.began.send(self.run).await;
                    }
                    if self.board.is_too_large(self.run) {
                        return self.end_what_has_no_end().await;
                    }
                    if event.is_end() {
                        let content = self.board.content(self.run).unwrap_or_default();
                        return Attempt::Ended(Box::new(content));
                    }
                }
                Read::Cut => {
                    let cursor = self.board.cursor(self.run);
                    let is_good = events_of_connection > 0
                        && attached_again.is_none_or(|since| since.elapsed() >= STEADY);
                    let Some(cursor) = cursor.filter(|_| is_good) else {
                        return Attempt::Failed(read_failure(200, notice.as_deref(), None));
                    };
                    // One that brought something was a good one: at once again, but for those that break in a row.
                    events_of_connection = 0;
                    attached_again = Some(Instant::now());
                    match self.attach(&cursor).await {
                        Ok(Some(next)) => reader = next,
                        Ok(None) => {
                            return self
                                .stored("run_ended", "The end of the answer was lost.")
                                .await;
                        }
                        Err(error) => return self.fail(&error).await,
                    }
                }
            }
        }
    }

    /// More has come than any model says: nothing more is taken in.
    async fn end_what_has_no_end(&self) -> Attempt {
        let path = format!("/completion/{}/stop", self.run);
        let stopped: Result<serde_json::Value, ApiError> =
            self.api.call(Method::POST, &path, None).await;
        if let Err(error) = stopped {
            tracing::debug!(error = %error, "an answer that is too large was not stopped");
        }
        let mut content = self.board.content(self.run).unwrap_or_default();
        content.fail("answer_too_large", "The answer has no end: it was cut.");
        Attempt::Ended(Box::new(content))
    }

    async fn fail(&self, error: &ApiError) -> Attempt {
        let failure = match error {
            ApiError::Unreachable { .. } => AnswerFailure::Infrastructure,
            ApiError::SignInNeeded => AnswerFailure::Auth,
            ApiError::Refused {
                problem,
                retry_after_ms,
            } => read_failure(problem.status, Some(&problem.code), *retry_after_ms),
            ApiError::Nonsense {
                status,
                retry_after_ms,
                ..
            } => read_failure(*status, None, *retry_after_ms),
        };
        match failure {
            AnswerFailure::Over { code } if code == "run_log_cleared" => {
                self.stored(&code, &error.to_string()).await
            }
            AnswerFailure::Over { code } => {
                let mut content = self.board.content(self.run).unwrap_or_default();
                content.fail(&code, &error.to_string());
                Attempt::Ended(Box::new(content))
            }
            AnswerFailure::NotYet { code } => {
                self.board.begin(self.run);
                Attempt::Failed(AnswerFailure::NotYet { code })
            }
            failure => Attempt::Failed(failure),
        }
    }

    /// The stream has nothing more: what the server stored of the answer is all there is.
    async fn stored(&self, code: &str, detail: &str) -> Attempt {
        let path = format!("/message/{}", self.payload.answer_id);
        match self.api.get::<MessageResource>(&path, &[]).await {
            Ok(message) if message.status == MessageStatus::Running => {
                Attempt::Failed(AnswerFailure::Infrastructure)
            }
            Ok(message) => Attempt::Ended(Box::new(AnswerContent::stored(&message))),
            Err(error) if error.is_transient() => Attempt::Failed(AnswerFailure::Infrastructure),
            Err(ApiError::SignInNeeded) => Attempt::Failed(AnswerFailure::Auth),
            Err(_) => {
                let mut content = self.board.content(self.run).unwrap_or_default();
                content.fail(code, detail);
                Attempt::Ended(Box::new(content))
            }
        }
    }
}
