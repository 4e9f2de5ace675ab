//! What goes to the model: the path to the root, with excerpts quoted.

use std::collections::HashMap;

use manent_domain::completion::PromptMessage;
use manent_domain::message::Message;
use manent_types::{Extras, MessageId, Part};
use serde_json::Value;

use crate::wire::KEY;

/// The messages from the root to this one, oldest first, as a model is told them. Absent when the one is not among them. What is empty or was
/// deleted is passed over, and so are errors and what the model thought without the provider's proof: no provider takes them.
pub fn prompt(messages: &[Message], leaf: MessageId) -> Option<Vec<PromptMessage>> {
    let by_id: HashMap<MessageId, &Message> = messages
        .iter()
        .map(|message| (message.id, message))
        .collect();
    let mut path = Vec::new();
    let mut at = Some(*by_id.get(&leaf)?);
    while let Some(message) = at {
        path.push(message);
        // A stored parent always has a lower place, so this ends.
        at = message
            .parent
            .and_then(|parent| by_id.get(&parent).copied())
            .filter(|parent| parent.seq < message.seq);
    }
    let told = path
        .iter()
        .rev()
        .filter(|message| message.deleted_at.is_none());
    Some(told.filter_map(|message| told_as(message)).collect())
}

fn told_as(message: &Message) -> Option<PromptMessage> {
    let content: Vec<Part> = message
        .content
        .iter()
        .filter(|part| match part {
            Part::Text { text } => !text.trim().is_empty(),
            Part::Reasoning { signature, .. } => signature.is_some(),
            Part::Error { .. } => false,
            Part::Image { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => true,
        })
        .cloned()
        .collect();
    let quotes = quotes_of(&message.extras);
    let content = quoted(&quotes, content);
    let has_words = content
        .iter()
        .any(|part| !matches!(part, Part::Reasoning { .. }));
    has_words.then_some(PromptMessage {
        role: message.role,
        content,
    })
}

/// The content with excerpts before it, each line marked as a quotation.
pub fn quoted(quotes: &[String], mut content: Vec<Part>) -> Vec<Part> {
    if quotes.is_empty() {
        return content;
    }
    let mut whole = String::new();
    for quote in quotes {
        for line in quote.lines() {
            whole.push_str("> ");
            whole.push_str(line);
            whole.push('\n');
        }
        whole.push('\n');
    }
    match content.first_mut() {
        Some(Part::Text { text }) => text.insert_str(0, &whole),
        _ => content.insert(0, Part::Text { text: whole }),
    }
    content
}

fn quotes_of(extras: &Extras) -> Vec<String> {
    let quotes = extras.get(KEY).and_then(|kept| kept.get("quotes"));
    let quotes = quotes.and_then(Value::as_array).into_iter().flatten();
    let texts = quotes.filter_map(Value::as_str);
    texts.map(ToOwned::to_owned).collect()
}
