//! `POST /turn/start`.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use manent_domain::append::ParentRef;
use manent_domain::services::{AppendRequestBody, ConversationDraft};
use manent_protocol::{Problem, TurnRequest};
use manent_runs::NewTurn;
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, ModelSettings, Role, RunId, UserId,
};

use super::error::ApiError;

use super::sse::TurnIds;
use super::{convert, runs};
use crate::access::{Asking, Writing};
use crate::app::App;
use crate::http::body::Json;
use crate::http::trace::TraceId;

/// Stores a person's message and generates the answer, side by side.
#[utoipa::path(post, path = "/turn/start", tag = "completion", request_body = TurnRequest,
    responses((status = 200, description = "The events of the answer's run; the last says what is kept", content_type = "text/event-stream"),
        (status = "default", body = Problem)))]
pub(super) async fn start(
    State(app): State<App>,
    Asking(owner): Asking,
    _: Writing,
    Extension(trace_id): Extension<TraceId>,
    Json(request): Json<TurnRequest>,
) -> Result<Response, ApiError> {
    let known = TurnIds {
        conversation: request.conversation_id,
        message: request.message.id,
        answer: request.answer_id,
    };
    let (turn, ids) = read(&app, request)?;
    let run = turn.run;
    let started = app
        .turns
        .start(owner, turn)
        .await
        .map_err(|error| app.refused(error))?;
    let ids = if started.is_new {
        ids
    } else {
        first_ids(&app, owner, run, known).await
    };
    Ok(runs::stream(&app, run, started.reader, ids, trace_id))
}

/// A turn that ran already has the ids of its first request, not those that were minted for this one. What the store cannot tell now stays
/// as this request named it.
async fn first_ids(app: &App, owner: UserId, run: RunId, known: TurnIds) -> TurnIds {
    let record = match app.runs.find(owner, run).await {
        Ok(run) => run.record,
        Err(_) => None,
    };
    let Some(record) = record else { return known };
    TurnIds {
        conversation: Some(record.conversation),
        message: match record.parent {
            ParentRef::Message(message) => Some(message),
            ParentRef::Newest | ParentRef::Root => known.message,
        },
        answer: Some(record.message),
    }
}

fn read(app: &App, request: TurnRequest) -> Result<(NewTurn, TurnIds), ApiError> {
    let mint = || app.ids.next();
    let conversation = request
        .conversation_id
        .unwrap_or_else(|| ConversationId::new(mint()));
    let create = match (request.create, request.conversation_id) {
        (Some(create), _) => Some((create.title, create.config)),
        (None, None) => Some((None, ModelSettings::default())),
        (None, Some(_)) => None,
    };
    let create = create
        .map(|(title, config)| {
            app.conversations.check(ConversationDraft {
                id: Some(conversation),
                title,
                config,
                ..ConversationDraft::default()
            })
        })
        .transpose()?;
    let message = AppendRequestBody {
        parent: convert::parent(request.message.parent_id),
        role: Role::User,
        content: request.message.content.into_parts(),
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: request.message.created_at,
        extras: Extras::new(),
    };
    let message = app
        .messages
        .check(request.message.id, message)
        .map_err(|refusal| ApiError::refused(refusal, None).with_field("message"))?;
    let ids = TurnIds {
        conversation: Some(conversation),
        message: Some(message.id),
        answer: request.answer_id.or_else(|| Some(MessageId::new(mint()))),
    };
    let turn = NewTurn {
        conversation,
        create,
        message,
        told: None,
        history: convert::prompt(request.history),
        settings: request.config,
        answer: ids.answer.unwrap_or_else(|| MessageId::new(mint())),
        run: request.run_id.unwrap_or_else(|| RunId::new(mint())),
    };
    Ok((turn, ids))
}
