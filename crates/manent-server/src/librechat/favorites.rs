//! `/api/user/settings/favorites…`: what a person pins above the menus.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_librechat::personal::favorites::{
    KIND, MODELS, TOOLS, document, list, models, tool, with,
};
use manent_types::UserId;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::documents::change;
use crate::access::{Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

fn refused(body: Value) -> Refusal {
    Refusal::Json(StatusCode::BAD_REQUEST, body)
}

async fn kept(app: &App, owner: UserId, which: &str) -> Result<JsonAnswer<Value>, Refusal> {
    let document = app.documents.find(owner, KIND, which).await?;
    let list = document.map(|document| list(document.body.as_map()));
    Ok(JsonAnswer(list.unwrap_or_default().into()))
}

/// Models and specs.
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<Value>, Refusal> {
    kept(&app, owner, MODELS).await
}

/// Keeps these models and specs and no others.
pub(super) async fn put(
    State(app): State<App>,
    Writing(owner): Writing,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let models = models(&body).map_err(refused)?;
    change(&app, owner, KIND, MODELS, |_| {
        Ok(Some(document(models.clone())))
    })
    .await?;
    Ok(JsonAnswer(models.into()))
}

/// Tools.
pub(super) async fn tools(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<Value>, Refusal> {
    kept(&app, owner, TOOLS).await
}

/// One more tool.
pub(super) async fn add_tool(
    State(app): State<App>,
    Writing(owner): Writing,
    Path((kind, id)): Path<(String, String)>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let tool = tool(&kind, &id).map_err(refused)?;
    change(&app, owner, KIND, TOOLS, |before| {
        let tools = before.map(|before| list(before.body.as_map()));
        let tools = with(tools.unwrap_or_default(), &tool).map_err(refused)?;
        Ok(Some(document(tools)))
    })
    .await?;
    Ok(JsonAnswer(tool))
}

/// One tool less.
pub(super) async fn remove_tool(
    State(app): State<App>,
    Writing(owner): Writing,
    Path((kind, id)): Path<(String, String)>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let tool = tool(&kind, &id).map_err(refused)?;
    change(&app, owner, KIND, TOOLS, |before| {
        Ok(before.map(|before| {
            let mut tools = list(before.body.as_map());
            tools.retain(|one| *one != tool);
            document(tools)
        }))
    })
    .await?;
    Ok(JsonAnswer(json!({"ok": true})))
}
