//! What a message may have. The server would refuse more for good, and everything that builds on it would wait in the tray.

use manent_types::Part;

use crate::error::QueueError;
use crate::payload::{Payload, size_of};

/// Bounds of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The text of all its parts together, in bytes.
    pub(crate) text_bytes: u64,
    /// What it takes in a request, in bytes.
    pub(crate) item_bytes: u64,
}

/// As the server has it by default.
pub(crate) const DEFAULT_TEXT_BYTES: u64 = 256 * 1024;

impl Limits {
    /// Refuses content that the server would refuse.
    pub(crate) fn check_content(&self, content: &[Part]) -> Result<(), QueueError> {
        if content.iter().all(is_empty) {
            return Err(QueueError::Empty);
        }
        let bytes = content.iter().map(text_bytes).sum();
        if bytes > self.text_bytes {
            return Err(QueueError::TextTooLong {
                bytes,
                limit_bytes: self.text_bytes,
            });
        }
        Ok(())
    }

    /// What a payload takes in a request, where that is not too much.
    pub(crate) fn checked_size(&self, payload: &Payload) -> Result<u64, QueueError> {
        let bytes = size_of(payload).map_err(|error| QueueError::Unwritable(error.to_string()))?;
        if bytes > self.item_bytes {
            let limit_bytes = self.item_bytes;
            return Err(QueueError::TooLarge { limit_bytes });
        }
        Ok(bytes)
    }
}

fn is_empty(part: &Part) -> bool {
    match part {
        Part::Text { text } | Part::Reasoning { text, .. } => text.is_empty(),
        Part::Image { .. }
        | Part::ToolCall { .. }
        | Part::ToolResult { .. }
        | Part::Error { .. } => false,
    }
}

/// As the server counts: everything but pictures.
fn text_bytes(part: &Part) -> u64 {
    let bytes = match part {
        Part::Text { text } => text.len(),
        Part::Reasoning {
            text, signature, ..
        } => text.len() + signature.as_ref().map_or(0, String::len),
        Part::Image { .. } => 0,
        Part::ToolCall {
            id,
            name,
            arguments,
        } => id.len() + name.len() + arguments.to_string().len(),
        Part::ToolResult {
            tool_call_id,
            content,
            ..
        } => tool_call_id.len() + content.len(),
        Part::Error { code, detail } => code.len() + detail.len(),
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
