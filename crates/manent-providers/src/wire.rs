//! Pieces of JSON that both wire formats share.

use std::borrow::Cow;

use serde::Deserialize;

/// A text that is only copied when it holds escapes. (`Option<Cow<str>>` alone would always copy.)
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'data>(#[serde(borrow)] pub(crate) Cow<'data, str>);

impl Text<'_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text to keep, unless it is empty.
    pub(crate) fn into_non_empty(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.into_owned())
    }
}

/// What is said of data that is not of the format: where, never what.
pub(crate) fn malformed(error: &serde_json::Error) -> String {
    let what = if error.is_data() {
        "an event of the stream has a field of an unexpected type"
    } else {
        "an event of the stream is no JSON"
    };
    format!("{what} (column {})", error.column())
}
