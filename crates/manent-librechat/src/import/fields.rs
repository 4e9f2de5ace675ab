//! Values of foreign files: read where they are what they should be, and else as if they were not there.

use manent_types::{Part, Timestamp};
use serde_json::{Map, Value};

/// A text that is not empty.
pub(super) fn text<'value>(map: &'value Map<String, Value>, name: &str) -> Option<&'value str> {
    map.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A time: written as RFC 3339, or in milliseconds.
pub(super) fn time(map: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    match map.get(name)? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => Timestamp::from_millisecond(number.as_i64()?).ok(),
        _ => None,
    }
}

/// A time in seconds.
pub(super) fn seconds(map: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let seconds = map.get(name)?.as_f64()?;
    // Nobody wrote to a machine before.
    if !(1.0..=253_402_214_400.0).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it lies between the years 1970 and 9999"
    )]
    let milliseconds = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// Words, where there are any.
pub(super) fn words(text: &str) -> Option<Part> {
    let text = text.to_owned();
    (!text.is_empty()).then_some(Part::Text { text })
}

/// Thoughts, where there are any.
pub(super) fn thought(text: &str) -> Option<Part> {
    (!text.is_empty()).then(|| Part::Reasoning {
        text: text.to_owned(),
        duration_ms: None,
        signature: None,
    })
}
