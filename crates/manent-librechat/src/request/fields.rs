//! Reading the members of a body.

use serde_json::{Map, Value};

/// A field that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidRequest {
    /// As the client calls it.
    pub field: &'static str,
    /// For people.
    pub reason: &'static str,
}

impl InvalidRequest {
    pub(super) const fn new(field: &'static str, reason: &'static str) -> Self {
        Self { field, reason }
    }
}

/// The longest name of anything, in bytes.
const NAME_BYTES: usize = 256;

/// The members of a body; what is `null` is not there.
pub(super) struct Fields<'body>(pub(super) &'body Map<String, Value>);

impl Fields<'_> {
    pub(super) fn text(&self, field: &'static str) -> Result<Option<String>, InvalidRequest> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(InvalidRequest::new(field, "is no text")),
        }
    }

    /// A short text without control characters; an empty one is none.
    pub(super) fn name(&self, field: &'static str) -> Result<Option<String>, InvalidRequest> {
        let name = self.text(field)?.filter(|name| !name.is_empty());
        match &name {
            Some(name) if name.len() > NAME_BYTES || name.chars().any(char::is_control) => {
                Err(InvalidRequest::new(field, "is no name"))
            }
            _ => Ok(name),
        }
    }

    pub(super) fn truth(&self, field: &'static str) -> Result<bool, InvalidRequest> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(_) => Err(InvalidRequest::new(field, "is neither true nor false")),
        }
    }

    pub(super) fn list(&self, field: &'static str) -> Result<&[Value], InvalidRequest> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(InvalidRequest::new(field, "is no list")),
        }
    }
}
