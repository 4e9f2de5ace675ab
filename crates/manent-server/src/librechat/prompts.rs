//! `/api/prompts…`: texts that a person keeps under a name.
//!
//! There are no prompts of others: whatever is somebody else's is answered as what is not there.

use std::collections::HashMap;

use axum::Json as JsonAnswer;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use manent_accounts::caller::Caller;
use manent_accounts::role::{Permission, PermissionGroup};
use manent_domain::document::Document;
use manent_librechat::personal::pages::page;
use manent_librechat::personal::prompts::{
    self, Author, GivenPrompt, GroupChange, GroupList, KIND, KIND_OF_GROUPS, KeptGroup, KeptPrompt,
    MAX_GROUPS, MAX_VERSIONS, new_group,
};
use manent_librechat::personal::{is_object_id, read, written};
use manent_types::UserId;
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::documents::{bad, change, create, new_id};
use super::permitted;
use super::short_id::short_id;
use crate::access::{Person, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

/// See, edit, delete and share: everything, as an owner may.
const ALL_BITS: u32 = 15;

async fn require(app: &App, caller: &Caller, permission: Permission) -> Result<(), Refusal> {
    permitted::require(app, caller, PermissionGroup::Prompts, permission).await
}

/// Whoever makes something must be allowed to use it, too.
async fn require_create(app: &App, caller: &Caller) -> Result<(), Refusal> {
    require(app, caller, Permission::Use).await?;
    require(app, caller, Permission::Create).await
}

fn no_group() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Prompt group not found")
}

fn no_prompt() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Prompt not found")
}

/// Whoever wrote what is told: the owner.
struct Own {
    id: String,
    name: String,
}

impl Own {
    async fn of(app: &App, owner: UserId, caller: &Caller) -> Result<Self, Refusal> {
        let name = match &app.accounts {
            Some(accounts) => accounts.own.own(caller).await?.name.as_str().to_owned(),
            None => "Owner".to_owned(),
        };
        Ok(Self {
            id: short_id(owner.as_uuid()),
            name,
        })
    }

    fn author(&self) -> Author<'_> {
        Author {
            id: &self.id,
            name: &self.name,
        }
    }

    fn prompt(&self, document: &Document) -> Option<Value> {
        let kept: KeptPrompt = read(document.body.as_map())?;
        let times = (document.created_at, document.updated_at);
        Some(prompts::prompt(&document.id, &kept, self.author(), times))
    }

    async fn group(
        &self,
        app: &App,
        owner: UserId,
        document: &Document,
    ) -> Result<Option<Value>, Refusal> {
        let Some(kept) = read::<KeptGroup>(document.body.as_map()) else {
            return Ok(None);
        };
        let in_use = app.documents.find(owner, KIND, &kept.production).await?;
        let in_use = in_use.and_then(|prompt| read::<KeptPrompt>(prompt.body.as_map()));
        let in_use = in_use.as_ref().map(|prompt| prompt.prompt.as_str());
        let times = (document.created_at, document.updated_at);
        let author = self.author();
        Ok(Some(prompts::group(
            &document.id,
            &kept,
            in_use,
            author,
            times,
        )))
    }
}

async fn find(app: &App, owner: UserId, id: &str) -> Result<(Document, KeptGroup), Refusal> {
    let id = id.to_ascii_lowercase();
    let document = app.documents.find(owner, KIND_OF_GROUPS, &id).await?;
    let document = document.ok_or_else(no_group)?;
    let kept = read(document.body.as_map()).ok_or_else(no_group)?;
    Ok((document, kept))
}

/// The groups that are asked for, the most used first.
async fn groups(
    app: &App,
    owner: UserId,
    list: &GroupList,
) -> Result<Vec<(manent_librechat::personal::pages::Place, Document)>, Refusal> {
    let documents = app.documents.all(owner, KIND_OF_GROUPS).await?;
    let rows = documents.into_iter().filter_map(|document| {
        let kept: KeptGroup = read(document.body.as_map())?;
        let place = list.place(&document.id, &kept, document.updated_at)?;
        Some((place, document))
    });
    Ok(rows.collect())
}

async fn tell(
    app: &App,
    owner: UserId,
    own: &Own,
    documents: &[Document],
) -> Result<Vec<Value>, Refusal> {
    let mut groups = Vec::with_capacity(documents.len());
    for document in documents {
        groups.extend(own.group(app, owner, document).await?);
    }
    Ok(groups)
}

/// A page of groups.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let list = GroupList::read(|name| query.get(name).cloned());
    let rows = groups(&app, owner, &list).await?;
    let (rows, next) = page(rows, true, list.after.as_ref(), list.limit);
    let own = Own::of(&app, owner, &caller).await?;
    let groups = tell(&app, owner, &own, &rows).await?;
    Ok(JsonAnswer(prompts::page(
        &groups,
        list.limit,
        next.as_deref(),
    )))
}

/// Every group.
pub(super) async fn all(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let list = GroupList::read(|name| query.get(name).cloned());
    let rows = groups(&app, owner, &list).await?;
    let (rows, _) = page(rows, true, None, MAX_GROUPS);
    let own = Own::of(&app, owner, &caller).await?;
    Ok(JsonAnswer(tell(&app, owner, &own, &rows).await?.into()))
}

/// One group.
pub(super) async fn group(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let (document, _) = find(&app, owner, &id).await?;
    told(&app, owner, &caller, &document).await
}

async fn told(
    app: &App,
    owner: UserId,
    caller: &Caller,
    document: &Document,
) -> Result<JsonAnswer<Value>, Refusal> {
    let own = Own::of(app, owner, caller).await?;
    let group = own.group(app, owner, document).await?;
    Ok(JsonAnswer(group.ok_or_else(no_group)?))
}

/// The versions of a group, the newest first; without one the versions in use of every group.
pub(super) async fn versions(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let own = Own::of(&app, owner, &caller).await?;
    let ids: Vec<String> = match query.get("groupId").filter(|id| !id.is_empty()) {
        Some(id) if !is_object_id(id) => return Err(bad("Invalid groupId")),
        Some(id) => {
            let (_, kept) = find(&app, owner, id).await?;
            kept.versions.into_iter().rev().collect()
        }
        None => {
            let documents = app.documents.all(owner, KIND_OF_GROUPS).await?;
            let groups = documents.iter();
            groups
                .filter_map(|document| read::<KeptGroup>(document.body.as_map()))
                .map(|kept| kept.production)
                .collect()
        }
    };
    let mut told = Vec::with_capacity(ids.len());
    for id in ids {
        let document = app.documents.find(owner, KIND, &id).await?;
        told.extend(document.and_then(|document| own.prompt(&document)));
    }
    Ok(JsonAnswer(told.into()))
}

async fn find_version(
    app: &App,
    owner: UserId,
    id: &str,
) -> Result<(Document, KeptPrompt), Refusal> {
    let id = id.to_ascii_lowercase();
    let document = app.documents.find(owner, KIND, &id).await?;
    let document = document.ok_or_else(no_prompt)?;
    let kept = read(document.body.as_map()).ok_or_else(no_prompt)?;
    Ok((document, kept))
}

/// One version.
pub(super) async fn version(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let (document, _) = find_version(&app, owner, &id).await?;
    let own = Own::of(&app, owner, &caller).await?;
    Ok(JsonAnswer(own.prompt(&document).ok_or_else(no_prompt)?))
}

async fn keep_version(
    app: &App,
    owner: UserId,
    id: &str,
    group: &str,
    given: GivenPrompt,
) -> Result<Document, Refusal> {
    let kept = KeptPrompt {
        group: group.to_owned(),
        prompt: given.prompt,
        kind: given.kind,
    };
    let made = create(app, owner, KIND, id, written(&kept)).await?;
    made.ok_or_else(|| bad("Try again"))
}

/// Makes a group with its first version.
pub(super) async fn make(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let given = GivenPrompt::read(&body)?;
    let (id, first) = (new_id(&app), new_id(&app));
    let kept = new_group(&body, &first)?;
    if app.documents.all(owner, KIND_OF_GROUPS).await?.len() >= MAX_GROUPS {
        return Err(bad(format!(
            "There are {MAX_GROUPS} prompts; that is the most"
        )));
    }
    let prompt = keep_version(&app, owner, &first, &id, given).await?;
    let group = create(&app, owner, KIND_OF_GROUPS, &id, written(&kept)).await?;
    let group = group.ok_or_else(|| bad("Try again"))?;
    let own = Own::of(&app, owner, &caller).await?;
    Ok(JsonAnswer(json!({
        "prompt": own.prompt(&prompt), "group": own.group(&app, owner, &group).await?,
    })))
}

/// Adds a version to a group; which one is in use stays.
pub(super) async fn add_version(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let (group, _) = find(&app, owner, &id).await?;
    let given = GivenPrompt::read(&body)?;
    let version = new_id(&app);
    let prompt = keep_version(&app, owner, &version, &group.id, given).await?;
    let added = change_group(&app, owner, &group.id, |mut kept| {
        if kept.versions.len() >= MAX_VERSIONS {
            return Err(bad(format!(
                "There are {MAX_VERSIONS} versions; that is the most"
            )));
        }
        kept.versions.push(version.clone());
        Ok(kept)
    })
    .await;
    if let Err(refusal) = added {
        app.documents.remove(owner, KIND, &version).await?;
        return Err(refusal);
    }
    let own = Own::of(&app, owner, &caller).await?;
    Ok(JsonAnswer(json!({"prompt": own.prompt(&prompt)})))
}

async fn change_group(
    app: &App,
    owner: UserId,
    id: &str,
    changed: impl Fn(KeptGroup) -> Result<KeptGroup, Refusal>,
) -> Result<Document, Refusal> {
    let document = change(app, owner, KIND_OF_GROUPS, id, |document| {
        let kept = document.and_then(|document| read::<KeptGroup>(document.body.as_map()));
        Ok(Some(written(&changed(kept.ok_or_else(no_group)?)?)))
    });
    document.await?.ok_or_else(no_group)
}

/// Counts a use.
pub(super) async fn count_use(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller, Permission::Use).await?;
    let (group, _) = find(&app, owner, &id).await?;
    let document = change_group(&app, owner, &group.id, |mut kept| {
        kept.uses = kept.uses.saturating_add(1);
        Ok(kept)
    })
    .await?;
    let kept: Option<KeptGroup> = read(document.body.as_map());
    Ok(JsonAnswer(
        json!({"numberOfGenerations": kept.map_or(0, |kept| kept.uses)}),
    ))
}

/// Changes a group.
pub(super) async fn edit(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let (group, _) = find(&app, owner, &id).await?;
    let wanted = GroupChange::read(&body).map_err(|unfit| {
        Refusal::Json(
            StatusCode::BAD_REQUEST,
            json!({"error": "Invalid request body", "details": [{"path": [unfit.field], "message": unfit.to_string()}]}),
        )
    })?;
    let changed = change_group(&app, owner, &group.id, |kept| {
        Ok(wanted.clone().applied(kept))
    });
    let document = changed.await?;
    told(&app, owner, &caller, &document).await
}

/// Puts a version into use.
pub(super) async fn put_into_use(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let (document, prompt) = find_version(&app, owner, &id).await?;
    change_group(&app, owner, &prompt.group, |mut kept| {
        kept.production.clone_from(&document.id);
        Ok(kept)
    })
    .await?;
    Ok(JsonAnswer(
        json!({"message": "Prompt production made successfully"}),
    ))
}

/// Deletes a version; with the last one the group goes.
pub(super) async fn delete_version(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let group = query.get("groupId").filter(|id| is_object_id(id));
    let group = group.ok_or_else(|| bad("Invalid or missing groupId"))?;
    let group = group.to_ascii_lowercase();
    let (document, prompt) = find_version(&app, owner, &id).await?;
    if prompt.group != group {
        return Err(no_prompt());
    }
    let mut answer = json!({"prompt": "Prompt deleted successfully"});
    let (_, kept) = find(&app, owner, &group).await?;
    if kept.versions.iter().all(|version| *version == document.id) {
        app.documents.remove(owner, KIND_OF_GROUPS, &group).await?;
        answer["promptGroup"] =
            json!({"message": "Prompt group deleted successfully", "id": group});
    } else {
        change_group(&app, owner, &group, |mut kept| {
            kept.versions.retain(|version| *version != document.id);
            if kept.production == document.id
                && let Some(newest) = kept.versions.last()
            {
                kept.production.clone_from(newest);
            }
            Ok(kept)
        })
        .await?;
    }
    app.documents.remove(owner, KIND, &document.id).await?;
    Ok(JsonAnswer(answer))
}

/// Deletes a group with its versions.
pub(super) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let (document, kept) = find(&app, owner, &id).await?;
    app.documents
        .remove(owner, KIND_OF_GROUPS, &document.id)
        .await?;
    for version in kept.versions {
        app.documents.remove(owner, KIND, &version).await?;
    }
    Ok(JsonAnswer(
        json!({"message": "Prompt group deleted successfully"}),
    ))
}

/// What one may do with a group: everything with one's own.
pub(super) async fn effective(
    State(app): State<App>,
    Reading(owner): Reading,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    find(&app, owner, &id).await?;
    Ok(JsonAnswer(json!({"permissionBits": ALL_BITS})))
}
