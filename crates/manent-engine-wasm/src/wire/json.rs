//! JSON by `Display`: templates with values in them. What `serde` would write for the same takes several times the room in the module.

use std::fmt;

use serde::Serialize;

/// A JSON string.
pub(crate) struct Text<'text>(pub(crate) &'text str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self.0).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

/// A document of any form. Not by its `Display`: that would be in the module once more, and its indented form as well.
pub(crate) fn written(document: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(document)
}

/// What a field holds.
pub(crate) enum Held<'text> {
    Text(&'text str),
    /// Written as it is: it has nothing to be escaped.
    Id(String),
    Number(u64),
}

/// `,"name":value`, or nothing.
pub(crate) struct Field<'text>(pub(crate) &'static str, pub(crate) Option<Held<'text>>);

impl fmt::Display for Field<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, held) = self;
        match held {
            None => Ok(()),
            Some(Held::Text(text)) => write!(formatter, r#","{name}":{}"#, Text(text)),
            Some(Held::Id(id)) => write!(formatter, r#","{name}":"{id}""#),
            Some(Held::Number(number)) => write!(formatter, r#","{name}":{number}"#),
        }
    }
}

/// A number, or `null`.
pub(crate) struct OrNull(pub(crate) Option<u64>);

impl fmt::Display for OrNull {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(formatter, "{number}"),
            None => formatter.write_str("null"),
        }
    }
}

/// A JSON array.
pub(crate) fn array(items: impl Iterator<Item = String>) -> String {
    let mut text = String::from("[");
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_what_is_absent_is_left_out() {
        let text = format!(
            "{{\"a\":1{}{}{}{}}}",
            Field("b", Some(Held::Text("\"\n\u{1}ü"))),
            Field("c", None),
            Field("d", Some(Held::Number(u64::MAX))),
            Field("e", Some(Held::Id("i".to_owned()))),
        );
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({"a": 1, "b": "\"\n\u{1}ü", "d": u64::MAX, "e": "i"});
        assert_eq!(read, expected);
        assert_eq!(array(std::iter::empty()), "[]");
        assert_eq!(array(["1", "2"].into_iter().map(str::to_owned)), "[1,2]");
    }
}
