//! `GET /api/agents/chat/stream/{id}`: reads the newest generation of a conversation, from the beginning or again.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use manent_domain::append::ParentRef;
use manent_domain::error::DomainError;
use manent_domain::message::Message;
use manent_runs::Attachment;
use manent_types::{ConversationId, UserId};
use serde::Deserialize;

use super::frames::{GenerationFrames, Known};
use super::given::{Named, moment};
use super::refusal::ChatRefusal;
use crate::access::{BreaksOff, Reading};
use crate::app::App;
use crate::native::sse::{self, Delivery};

/// How it is to be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::librechat) struct StreamQuery {
    #[serde(default)]
    resume: Option<String>,
    #[serde(default)]
    generation_created_at: Option<String>,
}

/// Reads a generation.
pub(in crate::librechat) async fn stream(
    State(app): State<App>,
    Reading(owner): Reading,
    Named(conversation): Named,
    Query(query): Query<StreamQuery>,
) -> Result<Response, ChatRefusal> {
    let wanted = moment(query.generation_created_at.as_deref())?;
    let none = || ChatRefusal::NotFound("Stream not found");
    let conversation = conversation.ok_or_else(none)?;
    let known = newest(&app, owner, conversation).await?;
    let known = known.ok_or_else(none)?;
    if wanted.is_some_and(|wanted| wanted != known.run.started_at.as_millisecond()) {
        return Err(ChatRefusal::Replaced("GENERATION_REPLACED"));
    }
    let reader = match app.runs.attach(owner, known.run.id, 0).await {
        Ok(Attachment::Reader(reader)) => reader,
        // Its log is cleared: the messages tell all.
        Ok(Attachment::AtEnd) | Err(DomainError::RunLogCleared { .. }) => return Err(none()),
        Err(error) => return Err(error.into()),
    };
    let frames = if query.resume.as_deref() == Some("true") {
        GenerationFrames::again(&app, known, reader)
    } else {
        GenerationFrames::whole(&app, known, reader)
    };
    let mut response = sse::respond(
        frames,
        Delivery {
            heartbeat: app.http.heartbeat,
            cut: app.stopping.runs_have_ended.clone(),
        },
    );
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    response.extensions_mut().insert(BreaksOff);
    Ok(response)
}

/// The newest generation of a conversation, with what is known of it; absent where there is none, or where it was not begun for this client.
pub(super) async fn newest(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
) -> Result<Option<Known>, ChatRefusal> {
    let Some(run) = app.runs.newest_of(owner, conversation).await? else {
        return Ok(None);
    };
    let Some(record) = run.record else {
        return Ok(None);
    };
    let turn = app.chats.board.find(owner, run.id);
    let question: Message = match (&turn, record.parent) {
        (Some(turn), _) => turn.question.clone(),
        (None, ParentRef::Message(id)) => match app.messages.get(owner, id).await {
            Ok(question) => question,
            Err(DomainError::MessageNotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        (None, ParentRef::Newest | ParentRef::Root) => return Ok(None),
    };
    Ok(Some(Known {
        owner,
        run,
        record,
        turn,
        question,
    }))
}
