//! Messages.

use std::collections::HashMap;

use manent_domain::message::Message;
use manent_types::{MessageId, MessageStatus, Part, Role, Timestamp, text_of};
use serde_json::{Map, Value, json};

use super::content::content;
use super::kept::{KeptOfAnswer, KeptOfQuestion};
use crate::request::NO_PARENT;

/// The messages of a conversation in the order of their places, each a moment after the one before it at least. Deleted ones are not among
/// them; what followed one follows what that one followed. `endpoint` is for answers of which it is not known who gave them.
pub fn messages(list: &[Message], endpoint: Option<&str>) -> Vec<Value> {
    let parents: HashMap<MessageId, Option<MessageId>> = list
        .iter()
        .filter(|message| message.deleted_at.is_some())
        .map(|message| (message.id, message.parent))
        .collect();
    let mut newest: Option<Timestamp> = None;
    let mut wire = Vec::with_capacity(list.len());
    for one in list.iter().filter(|one| one.deleted_at.is_none()) {
        let mut parent = one.parent;
        // Parents have lower places, so this ends; the bound is for a store that is damaged.
        for _ in 0..list.len() {
            match parent.and_then(|id| parents.get(&id)) {
                Some(further) => parent = *further,
                None => break,
            }
        }
        let at = after(one.created_at, newest);
        newest = Some(at);
        wire.push(written(one, parent, at, endpoint));
    }
    wire
}

/// One message; `after` is the one that it follows, where that is at hand.
pub fn message(one: &Message, before: Option<&Message>, endpoint: Option<&str>) -> Value {
    let at = after(one.created_at, before.map(|before| before.created_at));
    written(one, one.parent, at, endpoint)
}

/// The time, or the first moment after another one.
fn after(at: Timestamp, before: Option<Timestamp>) -> Timestamp {
    let Some(before) = before.filter(|before| at <= *before) else {
        return at;
    };
    // At the end of time nothing is later.
    Timestamp::from_millisecond(before.as_millisecond().saturating_add(1)).unwrap_or(at)
}

fn written(
    message: &Message,
    parent: Option<MessageId>,
    created_at: Timestamp,
    endpoint: Option<&str>,
) -> Value {
    let updated_at = message.edited_at.unwrap_or(created_at).max(created_at);
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    set("messageId", json!(message.id));
    set("conversationId", json!(message.conversation));
    set(
        "parentMessageId",
        parent.map_or_else(|| NO_PARENT.into(), |parent| json!(parent)),
    );
    set("createdAt", json!(created_at));
    set("updatedAt", json!(updated_at));
    set("error", false.into());
    set("isCreatedByUser", (message.role == Role::User).into());
    set("unfinished", is_unfinished(message.status).into());
    if message.role == Role::User {
        question(message, &mut set);
    } else {
        answer(message, endpoint, &mut set);
    }
    Value::Object(map)
}

fn question(message: &Message, set: &mut impl FnMut(&str, Value)) {
    let kept = KeptOfQuestion::of(&message.extras);
    set("sender", "User".into());
    set("text", text_of(&message.content).into());
    if !kept.quotes.is_empty() {
        set("quotes", kept.quotes.into());
    }
    if !kept.files.is_empty() {
        set("files", kept.files.into());
    }
    if let Some(count) = kept.token_count {
        set("tokenCount", count.into());
    }
}

fn answer(message: &Message, endpoint: Option<&str>, set: &mut impl FnMut(&str, Value)) {
    let kept = KeptOfAnswer::of(&message.extras);
    let model = message.model.as_deref();
    let sender = match message.role {
        Role::System => "System",
        _ => kept.sender.as_deref().or(model).unwrap_or("Assistant"),
    };
    set("sender", sender.into());
    set("text", "".into());
    set("content", content(&message.content, message.status).into());
    if let Some(model) = model {
        set("model", model.into());
    }
    if let Some(endpoint) = kept.endpoint.as_deref().or(endpoint) {
        set("endpoint", endpoint.into());
    }
    if let Some(icon) = kept.icon_url {
        set("iconURL", icon.into());
    }
    if let Some(spec) = kept.spec {
        set("spec", spec.into());
    }
    if is_at_length(message) {
        set("finish_reason", "length".into());
    }
    let counted = message.usage.and_then(|usage| usage.output_tokens);
    if let Some(count) = kept.token_count.or(counted) {
        set("tokenCount", count.into());
    }
    if !kept.metadata.is_empty() {
        set("metadata", kept.metadata.into());
    }
    if let Some(feedback) = kept.feedback.filter(Value::is_object) {
        set("feedback", feedback);
    }
}

const fn is_unfinished(status: MessageStatus) -> bool {
    matches!(
        status,
        MessageStatus::Stopped | MessageStatus::Interrupted | MessageStatus::Running
    )
}

fn is_at_length(message: &Message) -> bool {
    message
        .content
        .iter()
        .any(|part| matches!(part, Part::Error { code, .. } if code == "finish_length"))
}
