//! chatbot-ui's exports: lists of messages without times.

use serde_json::{Map, Value};

use super::fields::{text, words};
use super::{ImportError, Imported, ImportedMessage, MOST_CONVERSATIONS, Members, parse};

/// Whom it asked.
const ENDPOINT: &str = "openAI";

pub(super) fn read(members: &Members<'_>) -> Result<Vec<Imported>, ImportError> {
    let history = members.get("history").ok_or(ImportError::Unsupported)?;
    let history: Vec<Value> = parse(history)?;
    if history.len() > MOST_CONVERSATIONS {
        return Err(ImportError::TooMany("conversations"));
    }
    let objects = history.iter().filter_map(Value::as_object);
    Ok(objects.map(conversation).collect())
}

fn conversation(item: &Map<String, Value>) -> Imported {
    let model = item.get("model").and_then(Value::as_object);
    let model = model.and_then(|model| text(model, "id")).map(str::to_owned);
    let list = item.get("messages").and_then(Value::as_array);
    let mut messages: Vec<ImportedMessage> = Vec::new();
    for message in list.into_iter().flatten().filter_map(Value::as_object) {
        let is_question = match text(message, "role") {
            Some("user") => true,
            Some("assistant") => false,
            _ => continue,
        };
        let content = text(message, "content").and_then(words);
        messages.push(ImportedMessage {
            id: messages.len().to_string(),
            parent: messages.last().map(|last| last.id.clone()),
            is_question,
            content: content.into_iter().collect(),
            ..ImportedMessage::default()
        });
    }
    Imported {
        title: text(item, "name").map(str::to_owned),
        endpoint: Some(ENDPOINT.to_owned()),
        model,
        messages,
        ..Imported::default()
    }
}
