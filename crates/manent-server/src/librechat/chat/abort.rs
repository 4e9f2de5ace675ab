//! `POST /api/agents/chat/abort`: stops a generation; what there is of the answer is stored when this answers.

use std::time::Duration;

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::StreamExt;
use manent_domain::run::Run;
use manent_runs::{Attachment, RunItem};
use manent_types::{ConversationId, MessageStatus, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::refusal::ChatRefusal;
use super::start::is_of_store;
use crate::access::Asking;
use crate::app::App;
use crate::http::body::Json;

/// How long the end of a generation that was stopped is waited for.
const END_WAIT: Duration = Duration::from_secs(5);

/// The most running generations that are looked at.
const MOST: usize = 100;

/// Which generation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::librechat) struct AbortRequest {
    #[serde(default)]
    conversation_id: Option<String>,
    #[serde(default)]
    stream_id: Option<String>,
    /// A conversation's id, and behind a colon what does not matter here.
    #[serde(default)]
    abort_key: Option<String>,
    #[serde(default)]
    generation_created_at: Option<Value>,
}

impl AbortRequest {
    /// The conversation that is named: absent for the only one.
    fn conversation(&self) -> Result<Option<ConversationId>, ChatRefusal> {
        let key = self.abort_key.as_deref();
        let key = key.and_then(|key| key.split(':').next());
        let named = self.conversation_id.as_deref();
        let named = named.or(self.stream_id.as_deref()).or(key);
        match named {
            None | Some("" | "new" | "PENDING") => Ok(None),
            Some(id) => id.parse().map(Some).map_err(|_| {
                ChatRefusal::Bad(
                    json!({ "code": "INVALID_ABORT_TARGET", "error": "There is no such conversation" }),
                )
            }),
        }
    }

    fn moment(&self) -> Result<Option<i64>, ChatRefusal> {
        match &self.generation_created_at {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64().filter(|at| *at >= 0) {
                Some(at) => Ok(Some(at)),
                None => Err(ChatRefusal::Identity),
            },
        }
    }
}

/// Stops a generation.
pub(in crate::librechat) async fn abort(
    State(app): State<App>,
    Asking(owner): Asking,
    Json(request): Json<AbortRequest>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let wanted = request.moment()?;
    let run = match request.conversation()? {
        Some(conversation) => app.runs.newest_of(owner, conversation).await?,
        None => only(&app, owner).await?,
    };
    let none = ChatRefusal::NotFound("Job not found");
    let Some(run) = run else { return Err(none) };
    if wanted.is_some_and(|wanted| wanted != run.started_at.as_millisecond()) {
        return Err(ChatRefusal::Replaced("RUN_REPLACED"));
    }
    let turn = app.chats.board.find(owner, run.id);
    if run.status != MessageStatus::Running && turn.is_none() {
        return Err(none);
    }
    let mut is_stored = true;
    match app.runs.stop(owner, run.id).await {
        Ok(_) => {}
        // A run of this process stops all the same.
        Err(error) if is_of_store(&error) && turn.is_some() => is_stored = false,
        Err(error) => return Err(error.into()),
    }
    match turn {
        Some(turn) if is_stored => drop(turn.last_frames(END_WAIT).await),
        Some(_) => {}
        None => wait_for_end(&app, owner, &run).await,
    }
    let conversation = run.record.map(|record| record.conversation);
    Ok(JsonAnswer(
        json!({ "success": true, "aborted": conversation }),
    ))
}

/// The only generation of the caller that runs.
async fn only(app: &App, owner: UserId) -> Result<Option<Run>, ChatRefusal> {
    let mut running = app.runs.running_of(owner, MOST).await?;
    running.retain(|run| run.record.is_some());
    if running.len() > 1 {
        let body =
            json!({ "code": "AMBIGUOUS_ACTIVE_RUN", "error": "Several generations run; name one" });
        return Err(ChatRefusal::Words(StatusCode::CONFLICT, body.to_string()));
    }
    Ok(running.pop())
}

/// Waits until a run of another process has heard that it is to stop.
async fn wait_for_end(app: &App, owner: UserId, run: &Run) {
    let Ok(Attachment::Reader(mut reader)) =
        app.runs.attach(owner, run.id, run.last_position).await
    else {
        return;
    };
    let end = async {
        while let Some(Ok(item)) = reader.next().await {
            if matches!(item, RunItem::End(..)) {
                return;
            }
        }
    };
    drop(timeout(END_WAIT, end).await);
}
