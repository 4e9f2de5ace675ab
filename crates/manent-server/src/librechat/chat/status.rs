//! `GET /api/agents/chat/status/{id}` and `/active`: which generations run.

use std::collections::BTreeSet;

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_runs::Attachment;
use manent_types::{ConversationId, MessageStatus};
use serde_json::{Value, json};

use super::frames::{Known, so_far};
use super::given::Named;
use super::refusal::ChatRefusal;
use super::stream::newest;
use crate::access::Reading;
use crate::app::App;

/// The most running generations that are told.
const MOST: usize = 100;

/// How the newest generation of a conversation stands.
pub(in crate::librechat) async fn status(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(conversation): Named,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let none = JsonAnswer(json!({ "active": false }));
    let Some(conversation) = conversation else {
        return Ok(none);
    };
    let Some(known) = newest(&app, owner, conversation).await? else {
        return Ok(none);
    };
    let is_running = known.run.status == MessageStatus::Running;
    // It has ended, but what the client would read now is not the end yet.
    let is_ending = known.turn.as_ref().is_some_and(|turn| !turn.has_ended());
    if !is_running && !is_ending {
        let status = match known.run.status {
            MessageStatus::Stopped => "aborted",
            _ => "complete",
        };
        return Ok(JsonAnswer(json!({
            "active": false,
            "status": status,
            "streamId": conversation,
            "createdAt": known.run.started_at.as_millisecond(),
        })));
    }
    running(&app, conversation, known).await
}

async fn running(
    app: &App,
    conversation: ConversationId,
    known: Known,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let Attachment::Reader(reader) = app.runs.attach(known.owner, known.run.id, 0).await? else {
        return Ok(JsonAnswer(json!({ "active": false })));
    };
    let answer = known.record.message.to_string();
    // An end that is not kept yet is waited for by whoever reads the stream.
    let position = match known.run.status {
        MessageStatus::Running => known.run.last_position,
        _ => known.run.last_position.saturating_sub(1),
    };
    let (telling, _, _) = so_far(answer, reader, position).await?;
    Ok(JsonAnswer(json!({
        "active": true,
        "streamId": conversation,
        "status": "running",
        "createdAt": known.run.started_at.as_millisecond(),
        "aggregatedContent": telling.content(),
        "resumeState": telling.resume_state(known.state()),
    })))
}

/// The conversations in which generations of the caller run.
pub(in crate::librechat) async fn active(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let running = app.runs.running_of(owner, MOST).await?;
    let here = app.chats.board.open_of(owner);
    let ids: BTreeSet<ConversationId> = running
        .iter()
        .filter_map(|run| run.record.map(|record| record.conversation))
        .chain(here.iter().map(|(_, turn)| turn.conversation))
        .collect();
    Ok(JsonAnswer(json!({ "activeJobIds": ids })))
}
