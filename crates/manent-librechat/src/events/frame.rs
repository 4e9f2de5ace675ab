//! Frames on the wire.

use serde_json::{Value, json};

/// The name of a frame's event; the client listens to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameName {
    /// Everything but failures.
    Message,
    /// A failure outside of the model's call; ends the stream.
    Error,
}

impl FrameName {
    /// As it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Error => "error",
        }
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    name: FrameName,
    data: String,
}

impl Frame {
    /// A message with this JSON.
    pub fn message(data: &Value) -> Self {
        Self {
            name: FrameName::Message,
            data: data.to_string(),
        }
    }

    /// A message that names an event and its data.
    pub fn event(event: &str, data: &Value) -> Self {
        Self::message(&json!({ "event": event, "data": data }))
    }

    /// A failure, in words or as the JSON text that the client renders.
    pub fn error(text: &str) -> Self {
        Self {
            name: FrameName::Error,
            data: json!({ "error": text }).to_string(),
        }
    }

    /// The event's name.
    pub const fn name(&self) -> FrameName {
        self.name
    }

    /// The JSON, on one line.
    pub fn data(&self) -> &str {
        &self.data
    }
}
