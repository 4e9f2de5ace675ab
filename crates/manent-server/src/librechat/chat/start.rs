//! `POST /api/agents/chat/{endpoint}`: begins a generation and returns as soon as it can be read.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use manent_accounts::caller::Caller;
use manent_domain::error::DomainError;
use manent_domain::run::Run;
use manent_librechat::errors;
use manent_librechat::request::ChatStart;
use manent_runs::Launched;
use manent_types::{ConversationId, MessageStatus, RunId, UserId};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::board::Turn;
use super::finish::{self, Following};
use super::plan::{self, Work};
use super::refusal::ChatRefusal;
use crate::access::{Asking, Person, Writing};
use crate::app::App;
use crate::http::body::Json;

/// How long the generation that is replaced may take to end.
const REPLACE_WAIT: Duration = Duration::from_secs(1);

/// How long looking for the person's key may take; the provider looks again.
const KEY_WAIT: Duration = Duration::from_millis(500);

/// Begins a generation; the endpoint is in the address.
pub(in crate::librechat) async fn start(
    State(app): State<App>,
    Asking(owner): Asking,
    _: Writing,
    Person(caller): Person,
    Path(endpoint): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    begin(&app, owner, &caller, Some(&endpoint), &body).await
}

/// Begins a generation; the endpoint is in the body.
pub(in crate::librechat) async fn start_plain(
    State(app): State<App>,
    Asking(owner): Asking,
    _: Writing,
    Person(caller): Person,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    begin(&app, owner, &caller, None, &body).await
}

async fn begin(
    app: &App,
    owner: UserId,
    caller: &Caller,
    endpoint: Option<&str>,
    body: &Map<String, Value>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let start = ChatStart::read(endpoint, body)?;
    if let Some(known) = known(app, owner, &start).await {
        return Ok(told(&known, "resumed"));
    }
    let chosen = app.chats.catalog.resolve(&start)?;
    check_key(app, caller, &chosen.provider, &start.endpoint).await?;
    let plan = plan::plan(app, owner, &start, chosen).await?;
    if plan.existing.is_some() {
        replace(app, owner, plan.note.conversation, plan.run).await;
    }
    let launched = match plan.work {
        Work::Turn(turn) => app.turns.launch(owner, turn).await,
        Work::Run(run) => app.runs.launch(owner, run).await,
    };
    let Launched {
        is_new,
        run,
        reader,
    } = launched.map_err(|error| app.chats.limits.told(error))?;
    if !is_new {
        return Ok(told(&run, "resumed"));
    }
    let turn = Arc::new(Turn::new(plan.note));
    app.chats.board.put(owner, run.id, Arc::clone(&turn));
    finish::follow(
        app,
        Following {
            owner,
            run: run.clone(),
            turn,
            reader,
            existing: plan.existing,
            settings: plan.settings,
            kept: plan.kept,
        },
    );
    Ok(told(&run, "started"))
}

fn told(run: &Run, status: &str) -> JsonAnswer<Value> {
    let conversation = run.record.map(|record| record.conversation);
    JsonAnswer(json!({
        "streamId": conversation,
        "conversationId": conversation,
        "generationCreatedAt": run.started_at.as_millisecond(),
        "status": status,
    }))
}

/// The run that an earlier try of the same request began.
async fn known(app: &App, owner: UserId, start: &ChatStart) -> Option<Run> {
    let id = RunId::new(start.derived_id(owner.as_uuid(), "run")?);
    let run = app.runs.find(owner, id).await.ok()?;
    run.record.is_some().then_some(run)
}

/// Whoever asks again while an answer is being written wants the new one: the old one ends, and what there is of it is kept.
async fn replace(app: &App, owner: UserId, conversation: ConversationId, run: RunId) {
    let Ok(Some(old)) = app.runs.newest_of(owner, conversation).await else {
        return;
    };
    if old.status == MessageStatus::Running && old.id != run {
        // Not in time, or not at all: both of them go on.
        drop(timeout(REPLACE_WAIT, app.runs.stop(owner, old.id)).await);
    }
}

/// Whether the person has the key that the provider wants of them. Where that cannot be told now, the provider finds out.
async fn check_key(
    app: &App,
    caller: &Caller,
    provider: &str,
    endpoint: &str,
) -> Result<(), ChatRefusal> {
    let Some(accounts) = &app.accounts else {
        return Ok(());
    };
    if accounts.own_keys.endpoint(provider).is_err() {
        return Ok(());
    }
    match timeout(KEY_WAIT, accounts.own_keys.expiry(caller, provider)).await {
        Ok(Ok(None)) => Err(ChatRefusal::Bad(errors::no_user_key())),
        Ok(Ok(Some(Some(at)))) if at <= app.chats.now() => Err(ChatRefusal::Bad(
            errors::expired_user_key(endpoint, &at.to_string()),
        )),
        _ => Ok(()),
    }
}

/// Whether the store failed, so that asking again may help.
pub(super) const fn is_of_store(error: &DomainError) -> bool {
    matches!(error, DomainError::Store(_))
}
