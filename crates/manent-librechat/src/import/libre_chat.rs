//! LibreChat's own exports: a list of messages, or messages that lie in one another.

use manent_types::{MessageStatus, Part};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::{text, thought, time, words};
use super::{ImportError, Imported, ImportedMessage, MOST_MESSAGES, Members, is_said, parse};
use crate::request::Parameters;
use crate::wire;

/// How many bytes are looked at in all: what lies deep is looked at once for each level.
const MOST_WORK: usize = 1024 * 1024 * 1024;

pub(super) fn read(members: &Members<'_>) -> Result<Imported, ImportError> {
    let value = |name: &str| match members.get(name) {
        Some(raw) => parse::<Value>(raw).map(Some),
        None => Ok(None),
    };
    let texts = |name: &str| {
        let value = value(name)?;
        let text = value.as_ref().and_then(Value::as_str);
        Ok::<_, ImportError>(text.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let options = match value("options")? {
        Some(Value::Object(options)) => options,
        _ => Map::new(),
    };
    let messages = ["messagesTree", "messages"]
        .into_iter()
        .find_map(|name| members.get(name).filter(|value| is_said(value.get())));
    let messages = match messages {
        Some(raw) => flat(raw)?,
        None => return Err(ImportError::Unsupported),
    };
    let of_options = |name: &str| text(&options, name).map(str::to_owned);
    let endpoint = texts("endpoint")?.or_else(|| of_options("endpoint"));
    Ok(Imported {
        title: texts("title")?,
        endpoint,
        model: of_options("model"),
        // Settings of another kind than ours are not worth losing the conversation.
        parameters: Parameters::read(&options).unwrap_or_default(),
        begun_at: messages.iter().find_map(|message| message.at),
        messages,
    })
}

/// The messages with those that lie in them, each behind the one that it follows.
fn flat(raw: &RawValue) -> Result<Vec<ImportedMessage>, ImportError> {
    let mut messages = Vec::new();
    let mut work = 0_usize;
    // Of the last the next one is taken: a message, and the name of the one in which it lies.
    let mut waiting: Vec<(&RawValue, Option<String>)> = Vec::new();
    let add = |waiting: &mut Vec<_>, raw, parent: Option<&String>| {
        let inside: Vec<&RawValue> = parse(raw).map_err(|_| ImportError::Unsupported)?;
        let named = inside.into_iter().rev();
        waiting.extend(named.map(|inside| (inside, parent.cloned())));
        Ok::<_, ImportError>(())
    };
    add(&mut waiting, raw, None)?;
    while let Some((raw, outer)) = waiting.pop() {
        work = work.saturating_add(raw.get().len().saturating_mul(2));
        if work > MOST_WORK {
            return Err(ImportError::TooDeep);
        }
        if messages.len() == MOST_MESSAGES {
            return Err(ImportError::TooMany("messages in one conversation"));
        }
        let mut members: Members<'_> = parse(raw).map_err(|_| ImportError::Unsupported)?;
        let children = members.remove("children");
        let mut fields = Map::new();
        for (name, value) in members {
            fields.insert(name, parse(value)?);
        }
        let message = message(&fields, outer, messages.len());
        if let Some(children) = children.filter(|children| children.get().starts_with('[')) {
            add(&mut waiting, children, Some(&message.id))?;
        }
        messages.push(message);
    }
    Ok(messages)
}

/// One message of the client's, as a conversation that has no other.
pub fn alone(fields: &Map<String, Value>) -> Imported {
    let mut message = message(fields, None, 0);
    message.parent = None;
    Imported {
        endpoint: text(fields, "endpoint").map(str::to_owned),
        begun_at: message.at,
        messages: vec![message],
        ..Imported::default()
    }
}

fn message(fields: &Map<String, Value>, outer: Option<String>, number: usize) -> ImportedMessage {
    let id = text(fields, "messageId").map_or_else(|| format!("#{number}"), str::to_owned);
    let is_question = fields.get("isCreatedByUser") == Some(&Value::Bool(true));
    let is_error = fields.get("error") == Some(&Value::Bool(true));
    let whole = text(fields, "text").unwrap_or_default();
    let inside = fields.get("content").and_then(Value::as_array);
    let mut content: Vec<Part> = inside.into_iter().flatten().flat_map(part).collect();
    if content.is_empty() && is_error && !whole.is_empty() {
        content.push(failure(whole));
    } else if content.is_empty() || is_question {
        content = words(whole).into_iter().collect();
    }
    let quotes = fields.get("quotes").and_then(Value::as_array);
    let quotes = quotes.into_iter().flatten().filter_map(Value::as_str);
    let feedback = fields.get("feedback").and_then(wire::feedback);
    ImportedMessage {
        id,
        parent: outer.or_else(|| text(fields, "parentMessageId").map(str::to_owned)),
        is_question,
        content,
        at: time(fields, "createdAt"),
        is_cut: fields.get("unfinished") == Some(&Value::Bool(true)),
        model: text(fields, "model").map(str::to_owned),
        sender: text(fields, "sender").map(str::to_owned),
        quotes: quotes.map(str::to_owned).collect(),
        feedback,
    }
}

fn part(value: &Value) -> Vec<Part> {
    let Some(map) = value.as_object() else {
        return Vec::new();
    };
    let inner = |name: &str| match map.get(name) {
        Some(Value::String(text)) => Some(text.as_str()),
        // The assistants' form of a text.
        Some(Value::Object(inner)) => text(inner, "value"),
        _ => None,
    };
    let one = match text(map, "type") {
        Some("text") => inner("text").and_then(words),
        Some("think") => inner("think").and_then(thought),
        Some("error") => inner("error").or_else(|| inner("text")).map(failure),
        Some("tool_call") => return tool_call(map),
        _ => None,
    };
    one.into_iter().collect()
}

fn tool_call(map: &Map<String, Value>) -> Vec<Part> {
    let Some(call) = map.get("tool_call").and_then(Value::as_object) else {
        return Vec::new();
    };
    let (Some(id), Some(name)) = (text(call, "id"), text(call, "name")) else {
        return Vec::new();
    };
    let arguments = match call.get("args") {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    let arguments = arguments.filter(Value::is_object);
    let made = Part::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.unwrap_or_else(|| Value::Object(Map::new())),
    };
    let answered = text(call, "output").map(|output| Part::ToolResult {
        tool_call_id: id.to_owned(),
        content: output.to_owned(),
        is_error: None,
    });
    std::iter::once(made).chain(answered).collect()
}

fn failure(detail: &str) -> Part {
    Part::Error {
        code: MessageStatus::Failed.as_str().to_owned(),
        detail: detail.to_owned(),
    }
}
