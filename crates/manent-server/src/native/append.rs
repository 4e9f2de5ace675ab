//! `POST /message/append`.
//!
//! The request is read in two steps, so that one message that cannot be read is refused alone and still takes its number in its lane.

use axum::extract::State;
use axum::{Extension, Json as JsonAnswer};
use manent_domain::append::{ChangeKind, ItemOutcome, Outcome};
use manent_domain::error::Refusal;
use manent_domain::services::{
    AppendRequest as DomainRequest, AppendRequestBody, AppendRequestItem, AppendRequestWish,
};
use manent_protocol::{
    AppendChange, AppendMessage, AppendRequest, AppendResponse, ChangeName, ItemResult,
    OutcomeName, Problem,
};
use manent_types::{ConversationId, Extras, MessageId, Object};
use metrics::counter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::convert;
use super::error::{ApiError, is_of_field, sentence};

use crate::access::{From, Writing};
use crate::app::App;
use crate::http::body::{JsonText, bounded};
use crate::http::trace::TraceId;

/// Appends one message or a batch, changes among them, idempotent and in order.
#[utoipa::path(post, path = "/message/append", tag = "messages", request_body = AppendRequest,
    responses((status = 200, body = AppendResponse), (status = "default", body = Problem)))]
pub(super) async fn append(
    State(app): State<App>,
    Writing(owner): Writing,
    From(origin): From,
    Extension(trace_id): Extension<TraceId>,
    text: JsonText,
) -> Result<JsonAnswer<AppendResponse>, ApiError> {
    let request: AppendRequest<'_> = text.parse()?;
    let raw = match (request.message, request.messages) {
        (Some(message), None) => vec![message],
        (None, Some(messages)) if !messages.is_empty() => messages,
        (None, Some(_)) => return Err(shape("messages must not be empty")),
        (Some(_), Some(_)) => return Err(shape("give message or messages, not both")),
        (None, None) => return Err(shape("give one message as message, or several as messages")),
    };
    let is_sequenced = request.device_id.is_some();
    let read: Vec<ReadItem> = raw.into_iter().map(read_item).collect();
    let (items, notes): (Vec<_>, Vec<_>) = read
        .into_iter()
        .map(|read| {
            (
                read.item,
                Note {
                    id: read.id,
                    detail: read.detail,
                    trace: read.trace,
                },
            )
        })
        .unzip();
    let request = DomainRequest {
        device: request.device_id,
        items,
    };
    let count = request.items.len();
    let taken = app.rates.messages(owner, origin.address, count)?;
    let outcomes = match app.messages.append(owner, request).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            taken.put_back(count);
            return Err(error.into());
        }
    };
    taken.put_back(outcomes.iter().filter(|item| !counts(item)).count());
    let refused_whole = whole_refusal(is_sequenced, &outcomes);
    let first_detail = notes.first().and_then(|note| note.detail.clone());
    let results: Vec<ItemResult> = outcomes
        .into_iter()
        .zip(notes)
        .map(|(outcome, note)| {
            log_written(&outcome, note.trace.as_ref().unwrap_or(&trace_id));
            result(outcome, note)
        })
        .collect();
    match refused_whole {
        Some(refusal) => Err(ApiError::refused(refusal, first_detail).with_results(results)),
        None => Ok(JsonAnswer(AppendResponse { results })),
    }
}

/// Whether an item counts as something that was sent: not when it is stored already, or has to be sent again.
const fn counts(item: &ItemOutcome) -> bool {
    !matches!(
        item.outcome,
        Outcome::Duplicate { .. } | Outcome::Gap { .. } | Outcome::Blocked
    )
}

fn shape(detail: &str) -> ApiError {
    ApiError::invalid_body(".", detail)
}

/// A plain request of which every item was rejected is a wrong request, with the first refusal as its reason.
fn whole_refusal(is_sequenced: bool, outcomes: &[ItemOutcome]) -> Option<Refusal> {
    let refusal = |item: &ItemOutcome| match item.outcome {
        Outcome::Rejected(refusal) => Some(refusal),
        _ => None,
    };
    let is_refused =
        |item: &ItemOutcome| matches!(item.outcome, Outcome::Rejected(_) | Outcome::Blocked);
    if is_sequenced || !outcomes.iter().all(is_refused) {
        return None;
    }
    outcomes.first().and_then(refusal)
}

/// What the surface knows of an item beyond what the service needs.
struct Note {
    /// The id as it was sent.
    id: Option<String>,
    /// What was wrong with the item's form.
    detail: Option<String>,
    /// The trace in which it was made, where the item tells.
    trace: Option<TraceId>,
}

struct ReadItem {
    item: AppendRequestItem,
    id: Option<String>,
    detail: Option<String>,
    trace: Option<TraceId>,
}

/// Says that an item is a row now, in the trace in which it was made: that trace ends here.
fn log_written(item: &ItemOutcome, trace_id: &TraceId) {
    if let (Some(id), Outcome::Stored { seq }) = (item.id, item.outcome) {
        tracing::debug!(trace.id = trace_id.as_str(), item.id = %id, item.seq = seq, "item stored");
    }
}

fn read_item(raw: &RawValue) -> ReadItem {
    let trace = |traceparent: Option<&String>| TraceId::from_traceparent(traceparent?);
    let read = match read_object::<AppendMessage>(raw) {
        Ok(message) => Ok((trace(message.traceparent.as_ref()), item(message))),
        // Only what is no message is looked at once more.
        Err(fault) => match type_of(raw).as_deref() {
            None | Some("message") => Err(fault),
            Some("edit" | "delete" | "undelete" | "trash" | "restore") => {
                read_object::<AppendChange>(raw).and_then(|read| {
                    let trace = trace(read.traceparent.as_ref());
                    Ok((trace, change(read)?))
                })
            }
            Some(_) => Err(Fault {
                refusal: Refusal::InvalidBody,
                detail: "type: must be message, edit, delete, undelete, trash or restore"
                    .to_owned(),
            }),
        },
    };
    match read {
        Ok((trace, item)) => ReadItem {
            item,
            id: None,
            detail: None,
            trace,
        },
        Err(fault) => unreadable(raw, fault.refusal, fault.detail),
    }
}

/// Why an item cannot be read.
struct Fault {
    refusal: Refusal,
    detail: String,
}

fn read_object<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    match serde_path_to_error::deserialize::<_, Object<T>>(&mut deserializer) {
        Ok(Object(value)) => Ok(value),
        Err(error) => {
            let path = error.path().to_string();
            let reason = bounded(error.into_inner().to_string());
            let refusal = match path.split(['.', '[']).next().unwrap_or_default() {
                _ if is_of_field(&reason) => Refusal::InvalidBody,
                "role" => Refusal::RoleNotAllowed,
                "id" | "conversationId" | "parentId" | "messageId" => Refusal::InvalidId,
                "createdAt" | "status" => Refusal::InvalidValue,
                _ => Refusal::InvalidBody,
            };
            let detail = if path == "." {
                reason
            } else {
                format!("{path}: {reason}")
            };
            Err(Fault { refusal, detail })
        }
    }
}

/// The item's `type`, where it has one.
fn type_of(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    let Object(typed) = serde_json::from_str::<Object<Typed>>(raw.get()).ok()?;
    Some(typed.kind)
}

fn change(change: AppendChange) -> Result<AppendRequestItem, Fault> {
    let missing = |field: &str| Fault {
        refusal: Refusal::InvalidBody,
        detail: format!("missing field `{field}`"),
    };
    let needless = |field: &str| Fault {
        refusal: Refusal::InvalidBody,
        detail: format!("{field}: does not belong to this type of change"),
    };
    let changes_message = matches!(
        change.kind,
        ChangeName::Edit | ChangeName::Delete | ChangeName::Undelete
    );
    if change.content.is_some() && change.kind != ChangeName::Edit {
        return Err(needless("content"));
    }
    if change.message_id.is_some() && !changes_message {
        return Err(needless("messageId"));
    }
    let message = change.message_id.ok_or_else(|| missing("messageId"));
    let kind = match change.kind {
        ChangeName::Edit => ChangeKind::Edit {
            message: message?,
            content: change
                .content
                .ok_or_else(|| missing("content"))?
                .into_parts(),
        },
        ChangeName::Delete => ChangeKind::Delete { message: message? },
        ChangeName::Undelete => ChangeKind::Undelete { message: message? },
        ChangeName::Trash => ChangeKind::Trash,
        ChangeName::Restore => ChangeKind::Restore,
    };
    Ok(AppendRequestItem {
        id: Some(change.id),
        conversation: Ok(change.conversation_id),
        device_seq: change.device_seq,
        body: Ok(AppendRequestWish::Change(kind)),
    })
}

fn item(message: AppendMessage) -> AppendRequestItem {
    AppendRequestItem {
        id: message.id,
        conversation: Ok(message.conversation_id),
        device_seq: message.device_seq,
        body: Ok(AppendRequestWish::Message(AppendRequestBody {
            parent: convert::parent(message.parent_id),
            role: message.role,
            content: message.content.into_parts(),
            status: message.status.unwrap_or_default(),
            model: message.model,
            provider: message.provider,
            usage: message.usage,
            created_at: message.created_at,
            extras: Extras::new(),
        })),
    }
}

/// As much of an unreadable item as names its place: ids and the number in the lane.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Place {
    id: Option<Value>,
    conversation_id: Option<Value>,
    device_seq: Option<Value>,
}

fn unreadable(raw: &RawValue, refusal: Refusal, detail: String) -> ReadItem {
    let place: Place = serde_json::from_str(raw.get()).unwrap_or_default();
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let sent_id = text(place.id);
    let conversation = text(place.conversation_id)
        .and_then(|id| id.parse::<ConversationId>().ok())
        .ok_or(refusal);
    ReadItem {
        item: AppendRequestItem {
            id: sent_id
                .as_deref()
                .and_then(|id| id.parse::<MessageId>().ok()),
            conversation,
            device_seq: place.device_seq.and_then(|value| value.as_u64()),
            body: Err(refusal),
        },
        id: sent_id.map(bounded),
        detail: Some(detail),
        trace: None,
    }
}

fn result(item: ItemOutcome, note: Note) -> ItemResult {
    let name = outcome_name(item.outcome);
    counter!("manent_append_items_total", "outcome" => label(name)).increment(1);
    let is_written = matches!(
        item.outcome,
        Outcome::Stored { .. } | Outcome::Duplicate { .. }
    );
    let mut result = ItemResult {
        id: item.id.map(|id| id.to_string()).or(note.id),
        outcome: name,
        seq: None,
        code: None,
        detail: if is_written {
            None
        } else {
            note.detail.map(|detail| sentence(&detail))
        },
        expected_device_seq: None,
    };
    match item.outcome {
        Outcome::Stored { seq } | Outcome::Duplicate { seq } => result.seq = Some(seq),
        Outcome::Conflict(cause) => result.code = Some(cause.code().to_owned()),
        Outcome::Gap { expected } => result.expected_device_seq = Some(expected),
        Outcome::Rejected(refusal) => {
            result.code = Some(refusal.code().to_owned());
            result
                .detail
                .get_or_insert_with(|| sentence(&refusal.to_string()));
        }
        Outcome::Blocked => result.code = Some("parent_refused".to_owned()),
    }
    result
}

fn outcome_name(outcome: Outcome) -> OutcomeName {
    match outcome {
        Outcome::Stored { .. } => OutcomeName::Stored,
        Outcome::Duplicate { .. } => OutcomeName::Duplicate,
        Outcome::Conflict(_) => OutcomeName::Conflict,
        Outcome::Gap { .. } => OutcomeName::Gap,
        Outcome::Rejected(_) => OutcomeName::Rejected,
        Outcome::Blocked => OutcomeName::Blocked,
    }
}

fn label(name: OutcomeName) -> &'static str {
    match name {
        OutcomeName::Stored => "stored",
        OutcomeName::Duplicate => "duplicate",
        OutcomeName::Conflict => "conflict",
        OutcomeName::Gap => "gap",
        OutcomeName::Rejected => "rejected",
        OutcomeName::Blocked => "blocked",
    }
}
