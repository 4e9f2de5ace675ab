//! Documents: small things that a surface keeps for a person.
//!
//! Invariants: nobody below the surface looks into one; a document's revision is 1 when it is new and grows by one with each change, so
//! that a writer who names the revision that it read overwrites nothing that it has not seen.

use manent_types::Timestamp;
use serde_json::{Map, Value};

/// The most documents of one kind that one owner has.
pub const MAX_DOCUMENTS: u64 = 10_000;

/// The body is longer than 64 KiB as JSON, or nested more than 32 deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document is at most 64 KiB of JSON, nested at most 32 deep")]
pub struct InvalidDocument;

/// What a document holds: a JSON object, at most [`Self::MAX_BYTES`] long as compact JSON and nested at most [`Self::MAX_DEPTH`] deep.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DocumentBody(Map<String, Value>);

impl DocumentBody {
    /// The longest in bytes of compact JSON.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// How deep objects and lists may lie in each other; the outermost object counts as one.
    pub const MAX_DEPTH: usize = 32;

    /// The members.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// The text that a store keeps.
    pub fn to_stored(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// What [`Self::to_stored`] wrote.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn from_stored(text: &str) -> Result<Self, InvalidDocument> {
        let map: Map<String, Value> = serde_json::from_str(text).map_err(|_| InvalidDocument)?;
        Self::try_from(map)
    }
}

impl TryFrom<Map<String, Value>> for DocumentBody {
    type Error = InvalidDocument;

    fn try_from(map: Map<String, Value>) -> Result<Self, InvalidDocument> {
        if !is_within_depth(map.values(), Self::MAX_DEPTH - 1) {
            return Err(InvalidDocument);
        }
        let length = serde_json::to_string(&map).map_or(usize::MAX, |text| text.len());
        if length > Self::MAX_BYTES {
            return Err(InvalidDocument);
        }
        Ok(Self(map))
    }
}

/// Whether no object or list lies deeper than so many levels. Goes no deeper than that itself.
fn is_within_depth<'value>(values: impl IntoIterator<Item = &'value Value>, levels: usize) -> bool {
    values.into_iter().all(|value| match value {
        Value::Object(map) => levels > 0 && is_within_depth(map.values(), levels - 1),
        Value::Array(list) => levels > 0 && is_within_depth(list, levels - 1),
        _ => true,
    })
}

/// A document. Kind and id together are unique for the owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it is to the surface: 1 to 40 characters out of `a-z 0-9 . -`.
    pub kind: String,
    /// 1 to 128 characters, none of them a control character. Lists are ordered by its bytes.
    pub id: String,
    /// What it holds.
    pub body: DocumentBody,
    /// 1 for a new one, one more with each change.
    pub revision: u64,
    /// When it was stored first.
    pub created_at: Timestamp,
    /// When it was stored last.
    pub updated_at: Timestamp,
}

impl Document {
    /// What is stored in place of an existing document, or as a new one. Every store decides by this.
    pub fn following(
        existing: Option<&Self>,
        kind: &str,
        id: &str,
        body: DocumentBody,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            body,
            revision: existing.map_or(0, |document| document.revision) + 1,
            created_at: existing.map_or(now, |document| document.created_at),
            updated_at: existing.map_or(now, |document| document.updated_at.max(now)),
        }
    }
}

/// What a writer expects to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Whatever.
    Any,
    /// Nothing.
    Absent,
    /// The document with this revision.
    Revision(u64),
}

impl Expect {
    /// Whether it is so. Every store decides by this.
    pub fn holds(self, existing: Option<&Document>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => existing.is_none(),
            Self::Revision(revision) => {
                existing.is_some_and(|document| document.revision == revision)
            }
        }
    }
}

/// What became of a writing.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// It is stored; the document as it is now.
    Stored(Document),
    /// Something else is there than was expected; nothing changed.
    Conflict(Option<Document>),
    /// It would be new, and the owner has [`MAX_DOCUMENTS`] of the kind; nothing changed.
    Full,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> Result<DocumentBody, InvalidDocument> {
        match value {
            Value::Object(map) => DocumentBody::try_from(map),
            _ => Err(InvalidDocument),
        }
    }

    #[test]
    fn a_body_is_bounded_in_length_and_depth() {
        let longest = "x".repeat(DocumentBody::MAX_BYTES - r#"{"a":""}"#.len());
        assert!(body(json!({"a": longest})).is_ok());
        assert_eq!(
            body(json!({"a": format!("{longest}x")})),
            Err(InvalidDocument)
        );
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(body(nested(DocumentBody::MAX_DEPTH)).is_ok());
        assert_eq!(
            body(nested(DocumentBody::MAX_DEPTH + 1)),
            Err(InvalidDocument)
        );
    }

    #[test]
    fn a_body_comes_back_from_its_stored_text() {
        let kept = body(json!({"a": ["\u{0}ü", null, 1.5]})).unwrap();
        assert_eq!(
            DocumentBody::from_stored(&kept.to_stored()),
            Ok(kept.clone())
        );
        assert_eq!(DocumentBody::from_stored("[]"), Err(InvalidDocument));
    }
}
