//! `/api/presets…`: settings under a name.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use manent_domain::document::Document;
use manent_librechat::personal::presets::{
    GivenPreset, KIND, ToldPreset, id, no_default, ordered, told,
};
use manent_types::UserId;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::body::MaybeBody;
use super::documents::{change, new_id};
use super::short_id::short_id;
use crate::access::{Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

fn tell(owner: UserId, document: &Document) -> ToldPreset {
    told(
        &document.id,
        document.body.as_map(),
        document.created_at,
        document.updated_at,
        &short_id(owner.as_uuid()),
    )
}

/// Every preset.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
) -> Result<JsonAnswer<Value>, Refusal> {
    let documents = app.documents.all(owner, KIND).await?;
    let presets = documents.iter().map(|document| tell(owner, document));
    Ok(JsonAnswer(ordered(presets.collect()).into()))
}

/// Keeps a preset, a new one or one that is there.
pub(super) async fn keep(
    State(app): State<App>,
    Writing(owner): Writing,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), Refusal> {
    let given = GivenPreset::read(body)?;
    let id = given.id.clone();
    let id = id.unwrap_or_else(|| app.ids.next().to_string());
    let object_id = new_id(&app);
    let kept = change(&app, owner, KIND, &id, |before| {
        let before = before.map(|document| document.body.as_map());
        Ok(Some(given.applied(before, &object_id)))
    })
    .await?;
    if given.is_default == Some(true) {
        for other in app.documents.all(owner, KIND).await? {
            if other.id != id && no_default(other.body.as_map()).is_some() {
                change(&app, owner, KIND, &other.id, |document| {
                    Ok(document.and_then(|document| no_default(document.body.as_map())))
                })
                .await?;
            }
        }
    }
    let wire = kept.map_or(Value::Null, |document| tell(owner, &document).wire);
    Ok((StatusCode::CREATED, JsonAnswer(wire)))
}

/// Deletes a preset; without an id every one.
pub(super) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    MaybeBody(body): MaybeBody<Map<String, Value>>,
) -> Result<(StatusCode, JsonAnswer<Value>), Refusal> {
    let deleted = match id(&body, "presetId")? {
        Some(id) => u64::from(app.documents.remove(owner, KIND, &id).await?),
        None => app.documents.remove_all(owner, KIND).await?,
    };
    let answer = json!({"acknowledged": true, "deletedCount": deleted});
    Ok((StatusCode::CREATED, JsonAnswer(answer)))
}
