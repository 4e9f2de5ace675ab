//! `/api/projects…`: conversations under a name.

use std::collections::HashMap;

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use manent_domain::conversation::{
    ConversationFilter, ConversationOrder, ConversationPatch, LabelChange, OrderBy,
};
use manent_domain::document::Document;
use manent_librechat::personal::pages::page;
use manent_librechat::personal::projects::{
    KIND, KeptProject, MAX_PROJECTS, Project, ProjectChange, ProjectList, label, wanted,
};
use manent_librechat::personal::{read, written};
use manent_librechat::wire::PROJECT_LABEL;
use manent_types::{ConversationId, Label, Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::chat::told_conversation;
use super::documents::{bad, change, create, error, new_id};
use super::short_id::short_id;
use super::tags::conversation;
use crate::access::{Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

fn unknown() -> Refusal {
    error(StatusCode::NOT_FOUND, "Project not found")
}

/// The project of an address, with the label that its conversations carry.
async fn find(app: &App, owner: UserId, id: &str) -> Result<(Document, Label), Refusal> {
    let label = label(id).ok_or_else(unknown)?;
    let id = id.to_ascii_lowercase();
    let document = app.documents.find(owner, KIND, &id).await?;
    Ok((document.ok_or_else(unknown)?, label))
}

async fn project(
    app: &App,
    owner: UserId,
    document: &Document,
    counts: &std::collections::BTreeMap<Label, u64>,
) -> Result<Option<Project>, Refusal> {
    let (Some(kept), Some(label)) = (read(document.body.as_map()), label(&document.id)) else {
        return Ok(None);
    };
    let count = counts.get(&label).copied().unwrap_or(0);
    let last = if count == 0 {
        None
    } else {
        last(app, owner, label).await?
    };
    Ok(Some(Project {
        id: document.id.clone(),
        kept,
        count,
        last,
        created_at: document.created_at,
        updated_at: document.updated_at,
    }))
}

/// The conversation of a project in which something was said last.
async fn last(
    app: &App,
    owner: UserId,
    label: Label,
) -> Result<Option<(ConversationId, Timestamp)>, Refusal> {
    let filter = ConversationFilter {
        labels_all: vec![label],
        order: ConversationOrder {
            by: OrderBy::LastMessage,
            descending: true,
        },
        ..ConversationFilter::default()
    };
    let newest = app.conversations.list(owner, filter, None, 1).await?;
    let newest = newest.items.first();
    Ok(newest.map(|conversation| (conversation.id, conversation.last_message_at)))
}

async fn told(app: &App, owner: UserId, document: &Document) -> Result<JsonAnswer<Value>, Refusal> {
    let counts = app.conversations.label_counts(owner, PROJECT_LABEL).await?;
    let project = project(app, owner, document, &counts).await?;
    let project = project.ok_or_else(unknown)?;
    Ok(JsonAnswer(project.wire(&short_id(owner.as_uuid()))))
}

/// A page of projects.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let list = ProjectList::read(|name| query.get(name).cloned());
    let counts = app.conversations.label_counts(owner, PROJECT_LABEL).await?;
    let mut rows = Vec::new();
    for document in app.documents.all(owner, KIND).await? {
        let Some(project) = project(&app, owner, &document, &counts).await? else {
            continue;
        };
        if let Some(place) = list.place(&project) {
            rows.push((place, project));
        }
    }
    let (rows, next) = page(rows, list.is_descending, list.after.as_ref(), list.limit);
    let user = short_id(owner.as_uuid());
    let projects: Vec<Value> = rows.iter().map(|project| project.wire(&user)).collect();
    Ok(JsonAnswer(
        json!({"projects": projects, "nextCursor": next}),
    ))
}

/// Makes a project.
pub(super) async fn make(
    State(app): State<App>,
    Writing(owner): Writing,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), Refusal> {
    let kept = KeptProject::read(&body)?;
    let all = app.documents.all(owner, KIND).await?;
    if all.len() >= MAX_PROJECTS {
        return Err(bad(format!(
            "There are {MAX_PROJECTS} projects; that is the most"
        )));
    }
    let made = create(&app, owner, KIND, &new_id(&app), written(&kept)).await?;
    let made = made.ok_or_else(|| bad("Try again"))?;
    Ok((StatusCode::CREATED, told(&app, owner, &made).await?))
}

/// One project.
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let (document, _) = find(&app, owner, &id).await?;
    told(&app, owner, &document).await
}

/// Changes a project.
pub(super) async fn edit(
    State(app): State<App>,
    Writing(owner): Writing,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let (document, _) = find(&app, owner, &id).await?;
    let wanted = ProjectChange::read(&body)?;
    let changed = change(&app, owner, KIND, &document.id, |document| {
        let kept = document.and_then(|document| read::<KeptProject>(document.body.as_map()));
        let kept = kept.ok_or_else(unknown)?;
        Ok(Some(written(&wanted.clone().applied(kept))))
    })
    .await?;
    told(&app, owner, &changed.ok_or_else(unknown)?).await
}

/// Deletes a project; its conversations stay.
pub(super) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let (document, label) = find(&app, owner, &id).await?;
    app.documents.remove(owner, KIND, &document.id).await?;
    let modified = app.conversations.remove_label(owner, &label).await?;
    Ok(JsonAnswer(
        json!({"deletedCount": 1, "modifiedCount": modified}),
    ))
}

/// Puts a conversation into a project, or into none.
pub(super) async fn assign(
    State(app): State<App>,
    Writing(owner): Writing,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let project = match wanted(&body)? {
        Some(id) => Some(find(&app, owner, id).await?),
        None => None,
    };
    let before = conversation(&app, owner, &id).await?;
    let is_project = |label: &&Label| label.as_str().starts_with(PROJECT_LABEL);
    let remove: std::collections::BTreeSet<Label> =
        before.labels.iter().filter(is_project).cloned().collect();
    let previous = remove.first();
    let previous = previous.and_then(|label| label.as_str().strip_prefix(PROJECT_LABEL));
    let previous = previous.map(ToOwned::to_owned);
    let patch = ConversationPatch {
        labels: Some(LabelChange {
            remove,
            add: project.iter().map(|(_, label)| label.clone()).collect(),
        }),
        ..ConversationPatch::default()
    };
    let changed = app.conversations.update(owner, before.id, patch).await?;
    Ok(JsonAnswer(json!({
        "conversation": told_conversation(&app, owner, &changed),
        "previousProjectId": previous,
        "projectId": project.map(|(document, _)| document.id),
    })))
}
