//! Whole values without what differs from run to run.

use std::collections::HashMap;

use serde_json::Value;

/// Replaces ids by names, times by `<time>`, traces by `<trace>` and cursors by `<cursor>`.
#[derive(Debug, Default)]
pub(crate) struct Redaction {
    names: HashMap<String, String>,
}

impl Redaction {
    /// With these names for these ids.
    pub(crate) fn new(names: &[(&str, &str)]) -> Self {
        let names = names.iter();
        Self {
            names: names
                .map(|(id, name)| ((*id).to_owned(), format!("<{name}>")))
                .collect(),
        }
    }

    /// The value with placeholders. An id without a name becomes `<id>`.
    pub(crate) fn apply(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(field, value)| (field.clone(), self.field(field, value)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.apply(item)).collect(),
            Value::String(text) => self.text(text).into(),
            other => other.clone(),
        }
    }

    fn field(&self, field: &str, value: &Value) -> Value {
        match (field, value) {
            ("traceId", Value::String(trace)) if trace.len() == 32 => "<trace>".into(),
            ("next", Value::String(_)) => "<cursor>".into(),
            _ => self.apply(value),
        }
    }

    fn text(&self, text: &str) -> String {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        if text.len() == 36 && uuid::Uuid::try_parse(text).is_ok() {
            return "<id>".to_owned();
        }
        let is_time = text.len() == 24
            && text.ends_with('Z')
            && text.parse::<manent_types::Timestamp>().is_ok();
        if is_time {
            return "<time>".to_owned();
        }
        text.to_owned()
    }
}

/// The value without ids, times, traces and cursors.
pub(crate) fn redacted(value: &Value) -> Value {
    Redaction::default().apply(value)
}
