//! Content parts.

use manent_types::{MessageStatus, Part};
use serde_json::{Value, json};

use crate::errors;

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
