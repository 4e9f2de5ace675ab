//! Values before they have a type.

use crate::origin::Origin;

/// A value as it was written, with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raw {
    pub(crate) value: RawValue,
    pub(crate) origin: Origin,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RawValue {
    /// Text of a variable or a flag, whose type is not known.
    Word(String),
    /// From here on: values of a file.
    Text(String),
    Whole(i64),
    /// A number with a fraction, as it was written.
    Decimal(String),
    Switch(bool),
    List(Vec<Raw>),
    /// In the order of the file.
    Table(Vec<(String, Raw)>),
    /// A date, a number out of range: nothing that any setting takes.
    Other(String),
}

impl RawValue {
    /// How it is called in a message. Long texts are cut.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Text(text) => format!("{:?}", cut(text)),
            Self::Whole(number) => format!("the number {number}"),
            Self::Decimal(number) => format!("the number {}", cut(number)),
            Self::Switch(value) => value.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Other(text) => cut(text),
        }
    }
}

const LONGEST_QUOTE: usize = 60;

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
