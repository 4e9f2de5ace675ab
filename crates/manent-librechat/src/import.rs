//! Files of conversations from elsewhere: LibreChat's own exports, `ChatGPT`'s, Claude's and chatbot-ui's, told apart by their shape.
//!
//! Invariants: a file is read as a whole or refused with a reason; whatever its links and times were, what comes out can be stored parents
//! first; files, addresses and owners that it names are left behind.
//!
//! Source: LibreChat da0491d5, `api/server/utils/import/importers.js`.

mod chat_gpt;
mod chatbot_ui;
mod claude;
mod conversation;
mod fields;
mod libre_chat;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use conversation::{Imported, ImportedMessage};
pub use libre_chat::alone as message;

/// The largest file in bytes.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The most messages of one conversation.
pub const MOST_MESSAGES: usize = 10_000;

/// The most conversations of one file.
pub const MOST_CONVERSATIONS: usize = 10_000;

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("The file is not JSON: {0}")]
    NotJson(String),
    /// It is of none of the kinds.
    #[error("Unsupported import type")]
    Unsupported,
    /// There are too many of something.
    #[error("The file has too many {0}")]
    TooMany(&'static str),
    /// Messages lie in one another more deeply than is read.
    #[error("The messages of the file are nested too deeply; export them without nesting")]
    TooDeep,
}

impl From<serde_json::Error> for ImportError {
    fn from(error: serde_json::Error) -> Self {
        if error.to_string().contains("recursion limit") {
            return Self::TooDeep;
        }
        // Where it is, not what stands there.
        Self::NotJson(format!("line {}, column {}", error.line(), error.column()))
    }
}

/// A JSON object whose members were not looked into yet.
type Members<'text> = BTreeMap<String, &'text RawValue>;

/// The conversations of a file.
///
/// # Errors
/// Why it is not taken.
pub fn read(text: &str) -> Result<Vec<Imported>, ImportError> {
    if text.len() > MOST_BYTES {
        return Err(ImportError::TooMany("bytes"));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('[') {
        return list(text);
    }
    if !text.starts_with('{') {
        // Whatever else it is, it is either broken or no file of conversations.
        serde_json::from_str::<serde::de::IgnoredAny>(text)?;
        return Err(ImportError::Unsupported);
    }
    let members: Members<'_> = serde_json::from_str(text)?;
    let has = |name: &str| members.get(name).is_some_and(|value| is_said(value.get()));
    if has("version")
        && members
            .get("history")
            .is_some_and(|value| value.get().starts_with('['))
    {
        return chatbot_ui::read(&members);
    }
    if has("conversationId") && (has("messagesTree") || has("messages")) {
        return Ok(vec![libre_chat::read(&members)?]);
    }
    Err(ImportError::Unsupported)
}

/// Whether a value is neither nothing nor empty.
fn is_said(value: &str) -> bool {
    !matches!(value, "null" | "false" | "0" | "\"\"")
}

fn list(text: &str) -> Result<Vec<Imported>, ImportError> {
    let list: Vec<&RawValue> = serde_json::from_str(text)?;
    if list.len() > MOST_CONVERSATIONS {
        return Err(ImportError::TooMany("conversations"));
    }
    let Some(first) = list.first() else {
        return Ok(Vec::new());
    };
    let first: Members<'_> = parse(first).map_err(|_| ImportError::Unsupported)?;
    let read = if first.contains_key("chat_messages") {
        claude::read
    } else if first.contains_key("mapping") {
        chat_gpt::read
    } else {
        return Err(ImportError::Unsupported);
    };
    list.into_iter().map(|one| read(&parse(one)?)).collect()
}

/// A value as something; an error when it is of another kind, or nested too deeply.
fn parse<'text, T: Deserialize<'text>>(value: &'text RawValue) -> Result<T, ImportError> {
    Ok(serde_json::from_str(value.get())?)
}

#[cfg(test)]
mod tests;
