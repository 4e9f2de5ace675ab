//! `ChatGPT`'s exports: nodes by name, with thoughts as messages of their own.

use std::collections::HashSet;

use manent_types::Part;
use serde_json::{Map, Value};

use super::fields::{seconds, text, thought, words};
use super::{ImportError, Imported, ImportedMessage, MOST_MESSAGES, Members, parse};

/// Whom it asked.
const ENDPOINT: &str = "openAI";

pub(super) fn read(members: &Members<'_>) -> Result<Imported, ImportError> {
    let mut fields = Map::new();
    for name in ["title", "create_time", "mapping"] {
        if let Some(value) = members.get(name) {
            fields.insert(name.to_owned(), parse(value)?);
        }
    }
    let Some(mapping) = fields.get("mapping").and_then(Value::as_object) else {
        return Err(ImportError::Unsupported);
    };
    if mapping.len() > MOST_MESSAGES {
        return Err(ImportError::TooMany("messages in one conversation"));
    }
    let nodes = mapping.iter();
    let messages: Vec<ImportedMessage> =
        nodes.map(|(id, node)| message(mapping, id, node)).collect();
    let model = messages
        .iter()
        .rev()
        .find_map(|message| message.model.clone());
    Ok(Imported {
        title: text(&fields, "title").map(str::to_owned),
        endpoint: Some(ENDPOINT.to_owned()),
        model,
        begun_at: seconds(&fields, "create_time"),
        messages,
        ..Imported::default()
    })
}

/// A node; one that is only for its place has no content.
fn message(mapping: &Map<String, Value>, id: &str, node: &Value) -> ImportedMessage {
    let parent = node.get("parent").and_then(Value::as_str);
    let mut message = ImportedMessage {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        ..ImportedMessage::default()
    };
    let Some(said) = node.get("message").and_then(Value::as_object) else {
        return message;
    };
    let role = role(said);
    if role == Some("system") || matches!(kind(said), None | Some("thoughts" | "reasoning_recap")) {
        return message;
    }
    message.is_question = role == Some("user");
    message.at = seconds(said, "create_time");
    let words = words(&written(said));
    if message.is_question {
        message.content.extend(words);
        return message;
    }
    let metadata = said.get("metadata").and_then(Value::as_object);
    let model = metadata.and_then(|metadata| text(metadata, "model_slug"));
    message.model = model.map(str::to_owned);
    message.sender = Some(sender(model));
    message.content.extend(thoughts(mapping, parent));
    message.content.extend(words);
    message
}

fn role(said: &Map<String, Value>) -> Option<&str> {
    let author = said.get("author").and_then(Value::as_object)?;
    text(author, "role")
}

fn kind(said: &Map<String, Value>) -> Option<&str> {
    let content = said.get("content").and_then(Value::as_object)?;
    text(content, "content_type")
}

fn sender(model: Option<&str>) -> String {
    let Some(model) = model else {
        return "assistant".to_owned();
    };
    match model.split_once("gpt-") {
        Some((_, version)) => format!("GPT-{version}"),
        None => model.to_owned(),
    }
}

/// What was thought before an answer: the nodes above it, over what sums them up.
fn thoughts(mapping: &Map<String, Value>, parent: Option<&str>) -> Option<Part> {
    let mut seen = HashSet::new();
    let mut at = parent;
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        let node = mapping.get(id)?;
        let said = node.get("message").and_then(Value::as_object)?;
        match kind(said) {
            Some("reasoning_recap") => at = node.get("parent").and_then(Value::as_str),
            Some("thoughts") => {
                let list = said
                    .get("content")
                    .and_then(|content| content.get("thoughts"));
                let list = list.and_then(Value::as_array).into_iter().flatten();
                let texts = list.filter_map(Value::as_object);
                let texts =
                    texts.filter_map(|one| text(one, "content").or_else(|| text(one, "summary")));
                return thought(&texts.collect::<Vec<_>>().join("\n\n"));
            }
            _ => return None,
        }
    }
    None
}

fn written(said: &Map<String, Value>) -> String {
    let Some(content) = said.get("content").and_then(Value::as_object) else {
        return String::new();
    };
    let parts = content.get("parts").and_then(Value::as_array);
    let inner = text(content, "text").unwrap_or_default();
    match (text(content, "content_type"), parts) {
        (Some("text"), Some(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            let whole = texts.join(" ");
            if role(said) == Some("user") {
                whole
            } else {
                cited(said, whole)
            }
        }
        (Some("code"), _) => {
            let language = text(content, "language").unwrap_or_default();
            format!("```{language}\n{inner}\n```")
        }
        (Some("execution_output"), _) => format!("Execution Output:\n> {inner}"),
        (_, Some(parts)) => {
            let texts = parts.iter().map(|part| match part {
                Value::String(text) => text.clone(),
                other => fenced(other),
            });
            texts.collect::<Vec<_>>().join(" ").trim().to_owned()
        }
        (_, None) => fenced(&Value::Object(content.clone())),
    }
}

fn fenced(value: &Value) -> String {
    format!("```json\n{value:#}\n```")
}

/// With links in the places that cite a page. Places count characters.
fn cited(said: &Map<String, Value>, whole: String) -> String {
    let list = said
        .get("metadata")
        .and_then(|metadata| metadata.get("citations"));
    let mut places: Vec<(usize, usize, String)> = Vec::new();
    for citation in list.and_then(Value::as_array).into_iter().flatten() {
        let at = |name: &str| usize::try_from(citation.get(name)?.as_u64()?).ok();
        let Some(page) = citation.get("metadata").and_then(Value::as_object) else {
            continue;
        };
        let (Some(from), Some(to)) = (at("start_ix"), at("end_ix")) else {
            continue;
        };
        if text(page, "type") == Some("webpage") && from < to {
            let title = text(page, "title").unwrap_or_default();
            let url = text(page, "url").unwrap_or_default();
            places.push((from, to, format!(" ([{title}]({url}))")));
        }
    }
    if places.is_empty() {
        return whole;
    }
    places.sort();
    let characters: Vec<char> = whole.chars().collect();
    let mut result = String::with_capacity(whole.len());
    let mut at = 0;
    for (from, to, link) in places {
        // What overlaps the one before it, or lies behind the end, is left as it is.
        if from >= at && to <= characters.len() {
            result.extend(&characters[at..from]);
            result.push_str(&link);
            at = to;
        }
    }
    result.extend(&characters[at..]);
    result
}
