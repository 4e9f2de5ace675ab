//! `/api/share…`: links that show a conversation to others.
//!
//! Invariants: whoever has no link learns nothing, not even that there is one; a link shows nothing of a conversation that is in the trash or gone,
//! and nothing that came after it was published; deleting the conversation in this client, or the account, ends it for good.

use std::collections::{HashMap, HashSet};

use axum::Json as JsonAnswer;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use manent_accounts::caller::Caller;
use manent_accounts::role::{Permission, PermissionGroup};
use manent_credentials::{Entropy, SystemEntropy};
use manent_domain::conversation::Conversation;
use manent_domain::document::Document;
use manent_domain::error::DomainError;
use manent_domain::message::Message;
use manent_librechat::personal::pages::page;
use manent_librechat::personal::shares::{
    KIND, KIND_BY_CONVERSATION, KeptShare, Publishing, ShareList, ShareOfConversation, public,
    tail, title, up_to,
};
use manent_librechat::personal::{Unfit, read, written};
use manent_librechat::wire;
use manent_types::{ConversationId, UserId};
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::body::MaybeBody;
use super::chat::all_messages;
use super::documents::{change, create, new_id};
use super::permitted;
use crate::access::{From as Place, Person, Reading, Writing};
use crate::app::App;
use crate::native::ApiError;

fn message(status: StatusCode, words: &str) -> Refusal {
    Refusal::new(status, words)
}

fn unfit(unfit: &Unfit) -> Refusal {
    Refusal::bad(unfit.to_string())
}

fn no_link() -> Refusal {
    message(StatusCode::NOT_FOUND, "Shared link not found")
}

/// Whoever asks, where that is known; the routes are open to everybody.
async fn viewer(app: &App, request: Request) -> Option<UserId> {
    let (mut parts, _) = request.into_parts();
    let address = Place::from_request_parts(&mut parts, app).await;
    let address = address.ok().and_then(|Place(origin)| origin.address);
    let caller = app.gate.caller(&parts.headers, address).await.ok()?;
    caller.require(manent_accounts::api_key::Scope::Read).ok()?;
    caller.owner().ok()
}

/// A link that can be read.
struct Open {
    owner: UserId,
    document: Document,
    kept: KeptShare,
}

/// The link of an address, if this viewer may read it.
async fn open(app: &App, share: &str, viewer: Option<UserId>) -> Result<Open, Refusal> {
    let variables = &app.librechat()?.settings.variables;
    if !variables.allows_shared_links {
        return Err(message(StatusCode::NOT_FOUND, "Endpoint not found"));
    }
    let found = app.documents.find_of_anyone(KIND, share).await?;
    let (owner, document) = found.ok_or_else(no_link)?;
    let kept: KeptShare = read(document.body.as_map()).ok_or_else(no_link)?;
    match viewer {
        Some(viewer) if viewer == owner || kept.is_public => {}
        Some(_) => return Err(message(StatusCode::FORBIDDEN, "Forbidden")),
        None if kept.is_public && variables.allows_public_links => {}
        None => return Err(message(StatusCode::UNAUTHORIZED, "Authentication required")),
    }
    shown(app, owner, kept.conversation)
        .await?
        .ok_or_else(no_link)?;
    Ok(Open {
        owner,
        document,
        kept,
    })
}

/// A conversation that is neither gone nor in the trash.
async fn shown(
    app: &App,
    owner: UserId,
    id: ConversationId,
) -> Result<Option<Conversation>, Refusal> {
    match app.conversations.get(owner, id).await {
        Ok(conversation) => Ok(Some(conversation).filter(|one| one.trashed_at.is_none())),
        Err(DomainError::ConversationNotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the client must know before it draws a shared conversation.
pub(super) async fn config(
    State(app): State<App>,
    Path(share): Path<String>,
    request: Request,
) -> Result<JsonAnswer<Value>, Refusal> {
    open(&app, &share, viewer(&app, request).await).await?;
    let settings = &app.librechat()?.settings;
    let mut config = json!({"appTitle": settings.variables.app_title});
    if let Some(footer) = &settings.variables.custom_footer {
        config["customFooter"] = footer.as_str().into();
    }
    if let Some(interface) = settings.interface.public_before_sign_in() {
        config["interface"] = interface;
    }
    Ok(JsonAnswer(config))
}

/// The conversation as it was published.
pub(super) async fn get(
    State(app): State<App>,
    Path(share): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let open = open(&app, &share, viewer(&app, request).await).await?;
    let messages = published(&app, &open).await?;
    let salt = unguessable()?;
    let document = &open.document;
    let told = public(
        &share,
        &open.kept,
        document.created_at,
        document.updated_at,
        &messages,
        &salt,
    );
    Ok(JsonAnswer(told).into_response())
}

/// The messages that a link shows, as the owner's client reads them.
async fn published(app: &App, open: &Open) -> Result<Vec<Value>, Refusal> {
    let kept = &open.kept;
    let mut messages = all_messages(app, open.owner, kept.conversation).await?;
    messages.retain(|message| message.seq <= kept.until);
    let messages = wire::messages(&messages, None);
    Ok(match kept.target {
        Some(target) => up_to(messages, &target.to_string()),
        None => messages,
    })
}

/// No file is published yet.
pub(super) async fn no_file(
    State(app): State<App>,
    Path(parts): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Refusal> {
    let share = parts.get("id").map_or("", String::as_str);
    open(&app, share, viewer(&app, request).await).await?;
    Err(message(
        StatusCode::NOT_FOUND,
        "File not found in shared link",
    ))
}

/// A text that nobody guesses: 128 bits in hexadecimal digits.
fn unguessable() -> Result<String, Refusal> {
    let mut bits = [0; 16];
    let filled = SystemEntropy.fill(&mut bits);
    filled.map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(uuid::Uuid::from_bytes(bits).simple().to_string())
}

/// Every link of one's own, in pages.
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<HashMap<String, String>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let list = ShareList::read(|name| query.get(name).cloned()).map_err(|error| unfit(&error))?;
    let mut rows = Vec::new();
    for document in app.documents.all(owner, KIND).await? {
        let Some(kept) = read::<KeptShare>(document.body.as_map()) else {
            continue;
        };
        if let Some((place, row)) = list.row(&document.id, &kept, document.created_at) {
            rows.push((place, (kept.conversation, row)));
        }
    }
    let (rows, next) = page(rows, list.is_descending, list.after.as_ref(), list.limit);
    let mut links = Vec::with_capacity(rows.len());
    for (conversation, row) in rows {
        if shown(&app, owner, conversation).await?.is_some() {
            links.push(row);
        }
    }
    let mut answer = json!({"links": links, "hasNextPage": next.is_some()});
    if let Some(next) = next {
        answer["nextCursor"] = next.into();
    }
    Ok(JsonAnswer(answer))
}

/// The link of a conversation. There being none is an answer too.
pub(super) async fn of_conversation(
    State(app): State<App>,
    Reading(owner): Reading,
    Path(id): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let none = json!({"success": false, "shareId": null, "conversationId": id});
    let Ok(conversation) = id.parse::<ConversationId>() else {
        return Ok(JsonAnswer(none));
    };
    let Some((share, kept, _)) = find_of(&app, owner, conversation).await? else {
        return Ok(JsonAnswer(none));
    };
    if shown(&app, owner, conversation).await?.is_none() {
        return Ok(JsonAnswer(none));
    }
    Ok(JsonAnswer(kept.wire_of_conversation(&share)))
}

async fn find_of(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
) -> Result<Option<(String, KeptShare, Document)>, DomainError> {
    let id = conversation.to_string();
    let pointer = app.documents.find(owner, KIND_BY_CONVERSATION, &id).await?;
    let pointer = pointer.and_then(|document| read::<ShareOfConversation>(document.body.as_map()));
    let Some(ShareOfConversation { share }) = pointer else {
        return Ok(None);
    };
    let Some(document) = app.documents.find(owner, KIND, &share).await? else {
        return Ok(None);
    };
    let kept = read::<KeptShare>(document.body.as_map());
    Ok(kept.map(|kept| (share, kept, document)))
}

/// Publishes a conversation.
pub(super) async fn make(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(id): Path<String>,
    MaybeBody(body): MaybeBody<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let publishing = Publishing::read(&body).map_err(|error| unfit(&error))?;
    let unknown = || {
        message(
            StatusCode::NOT_FOUND,
            "Conversation not found or access denied",
        )
    };
    let id: ConversationId = id.parse().map_err(|_| unknown())?;
    let conversation = shown(&app, owner, id).await?.ok_or_else(unknown)?;
    let messages = all_messages(&app, owner, id).await?;
    let exists = || message(StatusCode::CONFLICT, "Share already exists");
    if find_of(&app, owner, id).await?.is_some() {
        return Err(exists());
    }
    let mut kept = KeptShare {
        id: new_id(&app),
        conversation: id,
        title: title(conversation.title.as_deref()),
        until: until(&messages)?,
        target: None,
        with_files: publishing.with_files,
        is_public: permitted::may(
            &app,
            &caller,
            PermissionGroup::SharedLinks,
            Permission::SharePublic,
        )
        .await?,
    };
    if let Some(target) = &publishing.target {
        kept.target = Some(target_of(&messages, target)?);
    }
    let new = unguessable()?;
    // Of two who publish at the same time one finds this here; a link that was never finished is finished under its name.
    let pointer = change(
        &app,
        owner,
        KIND_BY_CONVERSATION,
        &id.to_string(),
        |before| {
            let before =
                before.and_then(|document| read::<ShareOfConversation>(document.body.as_map()));
            let share = before.map_or_else(|| new.clone(), |before| before.share);
            Ok(Some(written(&ShareOfConversation { share })))
        },
    )
    .await?;
    let pointer = pointer.and_then(|document| read::<ShareOfConversation>(document.body.as_map()));
    let share = pointer.map_or(new, |pointer| pointer.share);
    let made = create(&app, owner, KIND, &share, written(&kept)).await?;
    made.ok_or_else(exists)?;
    Ok(JsonAnswer(kept.wire(&share)))
}

async fn require_create(app: &App, caller: &Caller) -> Result<(), Refusal> {
    let group = PermissionGroup::SharedLinks;
    permitted::require(app, caller, group, Permission::Create).await
}

/// The last place that is there.
fn until(messages: &[Message]) -> Result<u64, Refusal> {
    let places = messages.iter().map(|message| message.seq);
    let has_any = messages.iter().any(|message| message.deleted_at.is_none());
    let last = places.max().filter(|_| has_any);
    last.ok_or_else(|| Refusal::bad("No messages to share"))
}

fn target_of(messages: &[Message], target: &str) -> Result<manent_types::MessageId, Refusal> {
    let found = target.parse().ok();
    found
        .filter(|id| {
            let mut there = messages
                .iter()
                .filter(|message| message.deleted_at.is_none());
            there.any(|message| message.id == *id)
        })
        .ok_or_else(|| Refusal::bad("Target message not found"))
}

/// Publishes what is there now under the same link.
pub(super) async fn update(
    State(app): State<App>,
    Writing(owner): Writing,
    Person(caller): Person,
    Path(share): Path<String>,
    MaybeBody(body): MaybeBody<Map<String, Value>>,
) -> Result<JsonAnswer<Value>, Refusal> {
    require_create(&app, &caller).await?;
    let publishing = Publishing::read(&body).map_err(|error| unfit(&error))?;
    let unknown = || message(StatusCode::NOT_FOUND, "Share not found");
    let document = app.documents.find(owner, KIND, &share).await?;
    let kept = document.and_then(|document| read::<KeptShare>(document.body.as_map()));
    let kept = kept.ok_or_else(unknown)?;
    shown(&app, owner, kept.conversation)
        .await?
        .ok_or_else(unknown)?;
    let messages = all_messages(&app, owner, kept.conversation).await?;
    let until = until(&messages)?;
    let target = match (&publishing.target, kept.target) {
        (Some(target), _) => Some(target_of(&messages, target)?),
        (None, Some(before)) => {
            let before = target_of(&messages, &before.to_string())?;
            let told = wire::messages(&messages, None);
            Some(target_of(&messages, &tail(&told, &before.to_string()))?)
        }
        (None, None) => None,
    };
    let changed = change(&app, owner, KIND, &share, |document| {
        let before = document.and_then(|document| read::<KeptShare>(document.body.as_map()));
        let mut kept = before.ok_or_else(unknown)?;
        kept.until = until;
        kept.target = target;
        kept.with_files = publishing.with_files;
        Ok(Some(written(&kept)))
    })
    .await?;
    let kept = changed.and_then(|document| read::<KeptShare>(document.body.as_map()));
    Ok(JsonAnswer(kept.ok_or_else(unknown)?.wire(&share)))
}

/// Ends a link.
pub(super) async fn delete(
    State(app): State<App>,
    Writing(owner): Writing,
    Path(share): Path<String>,
) -> Result<JsonAnswer<Value>, Refusal> {
    let unknown = || message(StatusCode::NOT_FOUND, "Share not found");
    let document = app.documents.find(owner, KIND, &share).await?;
    let kept = document.and_then(|document| read::<KeptShare>(document.body.as_map()));
    let kept = kept.ok_or_else(unknown)?;
    remove(&app, owner, kept.conversation, &share).await?;
    Ok(JsonAnswer(json!({
        "success": true, "shareId": share, "_id": kept.id, "message": "Share deleted successfully",
    })))
}

async fn remove(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
    share: &str,
) -> Result<(), DomainError> {
    // The link first: from then on it shows nothing, whatever happens in between.
    app.documents.remove(owner, KIND, share).await?;
    let id = conversation.to_string();
    app.documents
        .remove(owner, KIND_BY_CONVERSATION, &id)
        .await?;
    Ok(())
}

/// Ends the link of a conversation, for whoever deletes the conversation.
pub(super) async fn end(
    app: &App,
    owner: UserId,
    conversation: ConversationId,
) -> Result<(), DomainError> {
    if let Some((share, ..)) = find_of(app, owner, conversation).await? {
        remove(app, owner, conversation, &share).await?;
    }
    Ok(())
}

/// The conversations that have links.
pub(super) async fn shared(
    app: &App,
    owner: UserId,
) -> Result<HashSet<ConversationId>, DomainError> {
    let documents = app.documents.all(owner, KIND_BY_CONVERSATION).await?;
    Ok(documents
        .iter()
        .filter_map(|document| document.id.parse().ok())
        .collect())
}
