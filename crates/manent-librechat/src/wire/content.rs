//! Content parts.

use manent_domain::message::Message;
use manent_types::{MessageStatus, Part};
use serde_json::{Value, json};

use crate::errors;
use crate::request::Edit;

/// The code of the part that stands for an answer that was stopped before it said anything.
pub const STOPPED: &str = "stopped";

/// What an answer says, part for part.
pub fn content(parts: &[Part], status: MessageStatus) -> Vec<Value> {
    let is_cut = matches!(
        status,
        MessageStatus::Stopped | MessageStatus::Interrupted | MessageStatus::Running
    );
    let mut content = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Text { text } | Part::Reasoning { text, .. }
                if text.is_empty() || (is_cut && text.trim().is_empty()) => {}
            Part::Text { text } => content.push(json!({ "type": "text", "text": text })),
            Part::Reasoning { text, .. } => content.push(json!({ "type": "think", "think": text })),
            Part::Error { code, detail } => content.extend(errors::part(code, detail)),
            Part::ToolCall {
                id,
                name,
                arguments,
            } => content.push(json!({
                "type": "tool_call",
                "tool_call": {
                    "id": id, "name": name, "args": arguments.to_string(), "type": "tool_call", "progress": 1,
                    "output": output(parts, id),
                },
            })),
            // The result is shown with its call; pictures of a person are files.
            Part::ToolResult { .. } | Part::Image { .. } => {}
        }
    }
    content
}

fn output<'part>(parts: &'part [Part], call: &str) -> &'part str {
    let result = parts.iter().find_map(|part| match part {
        Part::ToolResult {
            tool_call_id,
            content,
            ..
        } if tool_call_id == call => Some(content.as_str()),
        _ => None,
    });
    result.unwrap_or_default()
}

/// Which part of the stored content the client means by its number.
pub(crate) fn place(parts: &[Part], status: MessageStatus, index: usize) -> Option<usize> {
    let mut shown = 0;
    for (place, part) in parts.iter().enumerate() {
        let is_shown = match part {
            // A result is shown with its call, so both of them have to be looked at together.
            Part::ToolResult { .. } => false,
            one => !content(std::slice::from_ref(one), status).is_empty(),
        };
        if is_shown {
            if shown == index {
                return Some(place);
            }
            shown += 1;
        }
    }
    None
}

/// What another answer begins with: all that an answer says, as it was changed. Absent when there is no such part, or when it is of the other
/// kind. What went wrong is left out, and so is the provider's proof for a thought that is no longer its own.
pub fn retained(answer: &Message, edit: Option<&Edit>) -> Option<Vec<Part>> {
    let mut parts = answer.content.clone();
    if let Some(edit) = edit {
        let place = place(&parts, answer.status, edit.index)?;
        match &mut parts[place] {
            Part::Text { text } if !edit.is_thought => text.clone_from(&edit.text),
            Part::Reasoning {
                text, signature, ..
            } if edit.is_thought => {
                text.clone_from(&edit.text);
                *signature = None;
            }
            _ => return None,
        }
    }
    parts.retain(|part| match part {
        Part::Error { .. } => false,
        Part::Text { text } => !text.is_empty(),
        _ => true,
    });
    Some(parts)
}
