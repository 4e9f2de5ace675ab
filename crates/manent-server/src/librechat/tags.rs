//! `/api/tags…`: tags of conversations, which the client calls bookmarks.

use axum::Json as JsonAnswer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use manent_accounts::caller::Caller;
use manent_accounts::role::{Permission, PermissionGroup};
use manent_domain::conversation::{Conversation, ConversationPatch, LabelChange};
use manent_domain::error::DomainError;
use manent_librechat::personal::tags::{
    KIND, KeptTag, NewTag, Tag, TagChange, label, moved, ordered, wanted,
};
use manent_librechat::personal::{read, written};
use manent_librechat::wire::TAG_LABEL;
use manent_types::{Label, UserId};
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::documents::{bad, change, create, error, new_id};
use super::permitted;
use super::short_id::short_id;
use crate::access::{Person, Reading, Writing};
use crate::app::App;
use crate::http::body::Json;

/// The bits of the ids of tags that nobody made as such.
const UNMADE: u128 = 0x7461_6773;

async fn require(app: &App, caller: &Caller) -> Result<(), Refusal> {
    permitted::require(app, caller, PermissionGroup::Bookmarks, Permission::Use).await
}

/// All tags in their order.
async fn all(app: &App, owner: UserId) -> Result<Vec<Tag>, Refusal> {
    let documents = app.documents.all(owner, KIND).await?;
    let tags = documents.into_iter().filter_map(|document| {
        Some(Tag {
            kept: read::<KeptTag>(document.body.as_map())?,
            tag: document.id,
            count: 0,
            created_at: document.created_at,
            updated_at: document.updated_at,
        })
    });
    let counts = app.conversations.label_counts(owner, TAG_LABEL).await?;
    // A tag's name makes its id, so that it is the same each time.
    let id = |tag: &str| {
        let bits = tag.bytes().fold(UNMADE, |bits, byte| {
            bits.wrapping_mul(0x0100_0000_01b3) ^ u128::from(byte)
        });
        short_id(uuid::Uuid::from_u128(bits))
    };
    Ok(ordered(tags.collect(), &counts, id))
}

async fn one(app: &App, owner: UserId, tag: &str) -> Result<Tag, Refusal> {
    let found = all(app, owner).await?;
    let found = found.into_iter().find(|one| one.tag == tag);
    found.ok_or_else(unknown)
}

fn unknown() -> Refusal {
    error(StatusCode::NOT_FOUND, "Tag not found")
}

fn wire(tag: &Tag, owner: UserId) -> Value {
    tag.wire(&short_id(owner.as_uuid()))
}

/// Every tag.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Person(caller): Person,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller).await?;
    let tags = all(&app, owner).await?;
    let tags = tags.iter().map(|tag| wire(tag, owner));
    Ok(JsonAnswer(tags.collect()))
}

/// Makes a tag; one that is there stays as it is.
pub(super) async fn make(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller).await?;
    let new = NewTag::read(&body)?;
    let label = label(&new.tag)?;
    let tags = all(&app, owner).await?;
    if !tags.iter().any(|tag| tag.tag == new.tag) {
        keep(&app, owner, &new.tag, new.description, tags.len()).await?;
        let conversation = new.conversation.as_deref().map(str::parse);
        if let Some(Ok(conversation)) = conversation {
            let labels = LabelChange {
                add: [label].into(),
                ..LabelChange::default()
            };
            let added = app.conversations.update(owner, conversation, with(labels));
            match added.await {
                // The tag is there all the same.
                Ok(_) | Err(DomainError::ConversationNotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let tag = one(&app, owner, &new.tag).await?;
    Ok(JsonAnswer(wire(&tag, owner)))
}

/// Keeps a tag behind so many others, unless it is there.
async fn keep(
    app: &App,
    owner: UserId,
    tag: &str,
    description: Option<String>,
    others: usize,
) -> Result<(), Refusal> {
    let kept = KeptTag {
        id: new_id(app),
        description: description.filter(|text| !text.is_empty()),
        position: u64::try_from(others).unwrap_or(u64::MAX).saturating_add(1),
    };
    create(app, owner, KIND, tag, written(&kept)).await?;
    Ok(())
}

fn with(labels: LabelChange) -> ConversationPatch {
    ConversationPatch {
        labels: Some(labels),
        ..ConversationPatch::default()
    }
}

/// Changes a tag; another name is another name in every conversation.
pub(super) async fn edit(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(tag): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller).await?;
    let wanted = TagChange::read(&body)?;
    let tags = all(&app, owner).await?;
    let Some(before) = tags.iter().find(|one| one.tag == tag) else {
        return Err(unknown());
    };
    let name = wanted.tag.unwrap_or_else(|| tag.clone());
    if name != tag {
        let (from, to) = (label(&tag)?, label(&name)?);
        let exists = || error(StatusCode::CONFLICT, "Tag already exists");
        if tags.iter().any(|one| one.tag == name) {
            return Err(exists());
        }
        // The new name first: whatever happens in between, no conversation has a tag that is not in the list.
        let made = create(&app, owner, KIND, &name, written(&before.kept)).await?;
        made.ok_or_else(exists)?;
        app.conversations.rename_label(owner, &from, &to).await?;
        app.documents.remove(owner, KIND, &tag).await?;
    }
    if let Some(description) = wanted.description {
        let kept = before.kept.clone();
        change(&app, owner, KIND, &name, |document| {
            let found = document.and_then(|document| read(document.body.as_map()));
            let mut kept: KeptTag = found.unwrap_or_else(|| kept.clone());
            kept.description = Some(description.clone()).filter(|text| !text.is_empty());
            Ok(Some(written(&kept)))
        })
        .await?;
    }
    if let Some(position) = wanted.position.filter(|to| *to != before.kept.position) {
        let tags = moved(all(&app, owner).await?, &name, position);
        put_in_order(&app, owner, &tags).await?;
    }
    let tag = one(&app, owner, &name).await?;
    Ok(JsonAnswer(wire(&tag, owner)))
}

/// Keeps the places of tags that are in order.
async fn put_in_order(app: &App, owner: UserId, tags: &[Tag]) -> Result<(), Refusal> {
    for tag in tags {
        change(app, owner, KIND, &tag.tag, |document| {
            let Some(mut kept) =
                document.and_then(|document| read::<KeptTag>(document.body.as_map()))
            else {
                return Ok(None);
            };
            if kept.position == tag.kept.position {
                return Ok(None);
            }
            kept.position = tag.kept.position;
            Ok(Some(written(&kept)))
        })
        .await?;
    }
    Ok(())
}

/// Removes a tag, also from every conversation.
pub(super) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(tag): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller).await?;
    let removed = one(&app, owner, &tag).await?;
    let label: Label = label(&tag)?;
    app.conversations.remove_label(owner, &label).await?;
    app.documents.remove(owner, KIND, &tag).await?;
    Ok(JsonAnswer(wire(&removed, owner)))
}

/// Gives a conversation these tags and no others.
pub(super) async fn of_conversation(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require(&app, &caller).await?;
    let wanted = wanted(&body)?;
    let conversation = conversation(&app, owner, &id).await?;
    let remove = conversation.labels.iter();
    let remove = remove.filter(|label| label.as_str().starts_with(TAG_LABEL));
    let labels = LabelChange {
        remove: remove.cloned().collect(),
        add: wanted.into_iter().collect(),
    };
    let added: Vec<Label> = labels.add.difference(&labels.remove).cloned().collect();
    let changed = app
        .conversations
        .update(owner, conversation.id, with(labels));
    let changed = changed.await.map_err(|error| match error {
        DomainError::Invalid { reason, .. } => bad(reason),
        other => other.into(),
    })?;
    if !added.is_empty() {
        let tags = all(&app, owner).await?;
        for label in added {
            let tag = label.as_str().strip_prefix(TAG_LABEL).unwrap_or_default();
            keep(&app, owner, tag, None, tags.len()).await?;
        }
    }
    let labels = changed.labels.iter();
    let tags: Vec<&str> = labels
        .filter_map(|label| label.as_str().strip_prefix(TAG_LABEL))
        .collect();
    Ok(JsonAnswer(json!(tags)))
}

/// A conversation of the owner's that is not in the trash.
pub(super) async fn conversation(
    app: &App,
    owner: UserId,
    id: &str,
) -> Result<Conversation, Refusal> {
    let unknown = || error(StatusCode::NOT_FOUND, "Conversation not found");
    let id = id.parse().map_err(|_| unknown())?;
    match app.conversations.get(owner, id).await {
        Ok(conversation) if conversation.trashed_at.is_none() => Ok(conversation),
        Ok(_) | Err(DomainError::ConversationNotFound) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}
