//! Parameters of a generation, under LibreChat's names: kept as they came, for the client to find them again.

use serde_json::{Map, Value};

use super::fields::InvalidRequest;

/// The system prompt.
pub const PROMPT_PREFIX: &str = "promptPrefix";

/// Who answers, as the person named it.
pub const MODEL_LABEL: &str = "modelLabel";

/// The most that is kept, in bytes of JSON, the system prompt left out.
const MOST_BYTES: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Truth,
    Texts,
}

/// Every parameter that is kept.
const KNOWN: [(&str, Kind); 33] = [
    (PROMPT_PREFIX, Kind::Text),
    (MODEL_LABEL, Kind::Text),
    ("chatGptLabel", Kind::Text),
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("topP", Kind::Number),
    ("topK", Kind::Number),
    ("max_tokens", Kind::Number),
    ("maxOutputTokens", Kind::Number),
    ("maxContextTokens", Kind::Number),
    ("presence_penalty", Kind::Number),
    ("frequency_penalty", Kind::Number),
    ("stop", Kind::Texts),
    ("resendFiles", Kind::Truth),
    ("imageDetail", Kind::Text),
    ("reasoning_effort", Kind::Text),
    ("reasoning_summary", Kind::Text),
    ("reasoning_mode", Kind::Text),
    ("reasoning_context", Kind::Text),
    ("verbosity", Kind::Text),
    ("useResponsesApi", Kind::Truth),
    ("web_search", Kind::Truth),
    ("disableStreaming", Kind::Truth),
    ("thinking", Kind::Truth),
    ("thinkingBudget", Kind::Number),
    ("thinkingLevel", Kind::Text),
    ("thinkingDisplay", Kind::Text),
    ("effort", Kind::Text),
    ("promptCache", Kind::Truth),
    ("promptCacheTtl", Kind::Text),
    ("fileTokenLimit", Kind::Number),
    ("artifacts", Kind::Text),
    ("greeting", Kind::Text),
];

/// Parameters of a generation; none of them is `null`, and each is of its kind, since the client refuses to go on with one that is not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters(Map<String, Value>);

impl Parameters {
    /// Those of a body. What is empty, or not known, is left aside.
    ///
    /// # Errors
    /// A parameter of another kind, or too much of them.
    pub fn read(body: &Map<String, Value>) -> Result<Self, InvalidRequest> {
        let mut kept = Map::new();
        for (name, kind) in KNOWN {
            let Some(value) = body.get(name).filter(|value| !value.is_null()) else {
                continue;
            };
            let Some(value) = read(kind, value) else {
                return Err(InvalidRequest::new(name, "is of another kind"));
            };
            if let Some(value) = value {
                kept.insert(name.to_owned(), value);
            }
        }
        let prefix = kept.get(PROMPT_PREFIX).and_then(Value::as_str);
        let prefix_bytes = prefix.map_or(0, str::len);
        if Value::Object(kept.clone()).to_string().len()
            > MOST_BYTES.saturating_add(prefix_bytes * 2)
        {
            return Err(InvalidRequest::new("parameters", "are more than 8 KiB"));
        }
        Ok(Self(kept))
    }

    /// The members.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The first of these that is a number.
    pub fn number(&self, names: &[&str]) -> Option<f64> {
        names
            .iter()
            .find_map(|name| self.0.get(*name).and_then(Value::as_f64))
    }

    /// The first of these that is a whole number from 0 on.
    pub fn count(&self, names: &[&str]) -> Option<u64> {
        names
            .iter()
            .find_map(|name| self.0.get(*name).and_then(Value::as_u64))
    }

    /// Whether it is true; absent where nothing is said.
    pub fn truth(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.get(name).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(ToOwned::to_owned).collect()
    }
}

/// The value as its kind: absent when it cannot be, `Some(None)` when it is empty.
#[expect(clippy::option_option, reason = "wrong and empty are two things")]
fn read(kind: Kind, value: &Value) -> Option<Option<Value>> {
    match (kind, value) {
        (Kind::Number, Value::Number(_)) | (Kind::Truth, Value::Bool(_)) => {
            Some(Some(value.clone()))
        }
        // Forms of the client give numbers as text.
        (Kind::Number, Value::String(text)) if text.trim().is_empty() => Some(None),
        (Kind::Number, Value::String(text)) => {
            let text = text.trim();
            let whole = text.parse::<i64>().map(Value::from).ok();
            let number = whole.or_else(|| text.parse::<f64>().ok().map(Value::from))?;
            number.is_number().then_some(Some(number))
        }
        (Kind::Text, Value::String(_)) => Some(Some(value.clone())),
        (Kind::Texts, Value::String(text)) if text.is_empty() => Some(None),
        (Kind::Texts, Value::String(_)) => Some(Some(Value::Array(vec![value.clone()]))),
        (Kind::Texts, Value::Array(list)) if list.is_empty() => Some(None),
        (Kind::Texts, Value::Array(list)) if list.iter().all(Value::is_string) => {
            Some(Some(value.clone()))
        }
        _ => None,
    }
}
