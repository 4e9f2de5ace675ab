//! What a person keeps in the client beside conversations: tags, presets, favourites, projects, shared links, prompts.
//!
//! Each is a document, of which nobody below the surface knows what it is; what belongs to conversations are labels.
//!
//! Invariants: what is read of a request is bounded; what is kept can be read again, and what cannot be read is as good as not there.

pub mod favorites;
pub mod pages;
pub mod presets;
pub mod projects;
pub mod prompts;
pub mod shares;
pub mod tags;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why what came in is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Unfit {
    /// The member of the body.
    pub field: &'static str,
    /// What it should be.
    pub reason: String,
}

impl Unfit {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

/// What a document holds, as its kind understands it; absent when it is something else.
pub fn read<T: DeserializeOwned>(body: &Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(body.clone())).ok()
}

/// What a document holds of this.
pub fn written(kept: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(kept) {
        Ok(Value::Object(map)) => map,
        // Structures of texts and numbers are objects.
        _ => Map::new(),
    }
}

/// Whether this is an id of the client's kind: 24 hexadecimal digits.
pub fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A text of so many characters at most, trimmed, where it is there.
fn text(
    body: &Map<String, Value>,
    field: &'static str,
    most: usize,
) -> Result<Option<String>, Unfit> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let text = text.trim();
            if text.chars().count() > most {
                return Err(Unfit::new(
                    field,
                    format!("has more than {most} characters"),
                ));
            }
            Ok(Some(text.to_owned()))
        }
        Some(_) => Err(Unfit::new(field, "must be a text")),
    }
}

/// The same of one line, and not empty.
fn line(
    body: &Map<String, Value>,
    field: &'static str,
    most: usize,
) -> Result<Option<String>, Unfit> {
    let text = text(body, field, most)?;
    match &text {
        Some(text) if text.is_empty() => Err(Unfit::new(field, "is required")),
        Some(text) if text.chars().any(char::is_control) => {
            Err(Unfit::new(field, "must not contain control characters"))
        }
        _ => Ok(text),
    }
}
