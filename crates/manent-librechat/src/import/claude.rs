//! Claude's exports: lists of messages with thoughts.

use serde_json::{Map, Value};

use super::fields::{text, thought, time, words};
use super::{ImportError, Imported, ImportedMessage, Members, parse};

/// Whom it asked.
const ENDPOINT: &str = "anthropic";

/// What a conversation without a name is called.
const UNNAMED: &str = "Imported Claude Chat";

pub(super) fn read(members: &Members<'_>) -> Result<Imported, ImportError> {
    let mut fields = Map::new();
    for name in ["name", "created_at", "chat_messages"] {
        if let Some(value) = members.get(name) {
            fields.insert(name.to_owned(), parse(value)?);
        }
    }
    let list = fields.get("chat_messages").and_then(Value::as_array);
    let mut messages: Vec<ImportedMessage> = Vec::new();
    for message in list.into_iter().flatten().filter_map(Value::as_object) {
        let is_question = text(message, "sender") == Some("human");
        messages.push(ImportedMessage {
            id: messages.len().to_string(),
            parent: messages.last().map(|last| last.id.clone()),
            is_question,
            content: content(message, is_question),
            at: time(message, "created_at"),
            sender: (!is_question).then(|| "Claude".to_owned()),
            ..ImportedMessage::default()
        });
    }
    Ok(Imported {
        title: Some(text(&fields, "name").unwrap_or(UNNAMED).to_owned()),
        endpoint: Some(ENDPOINT.to_owned()),
        begun_at: time(&fields, "created_at"),
        messages,
        ..Imported::default()
    })
}

fn content(message: &Map<String, Value>, is_question: bool) -> Vec<manent_types::Part> {
    let (mut said, mut thoughts) = (String::new(), String::new());
    let parts = message.get("content").and_then(Value::as_array);
    for part in parts.into_iter().flatten().filter_map(Value::as_object) {
        match text(part, "type") {
            Some("text") => said.push_str(text(part, "text").unwrap_or_default()),
            Some("thinking") => thoughts.push_str(text(part, "thinking").unwrap_or_default()),
            _ => {}
        }
    }
    if said.is_empty() {
        said.push_str(text(message, "text").unwrap_or_default());
    }
    let thoughts = thought(&thoughts).filter(|_| !is_question);
    thoughts.into_iter().chain(words(&said)).collect()
}
