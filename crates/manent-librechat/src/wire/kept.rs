//! What LibreChat knows of a conversation or a message and Manent does not: kept beside it, under one name.

use manent_types::{Extras, ExtrasPatch, InvalidExtras};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::KEY;

/// Beside a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeptOfConversation {
    /// Whom it asks, by the client's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `custom` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_type: Option<String>,
    /// The model spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Its picture.
    #[serde(rename = "iconURL", skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// How answers are made, under the client's names; the system prompt is among Manent's own settings.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
}

/// Beside a person's message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeptOfQuestion {
    /// Excerpts that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<String>,
    /// Files that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Value>,
    /// About how many tokens it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_count: Option<u64>,
}

/// Beside an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeptOfAnswer {
    /// Who answered, by the client's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// As the client shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The model spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Its picture.
    #[serde(rename = "iconURL", skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// What it used, as the client's gauge reads it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// How many tokens it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_count: Option<u64>,
    /// What a person thinks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Value>,
}

/// What is kept beside something, under the one name. What cannot be read is as good as not there: it is no part of what was said.
fn read<T: Default + for<'de> Deserialize<'de>>(extras: &Extras) -> T {
    let kept = extras.get(KEY).cloned();
    kept.and_then(|kept| serde_json::from_value(kept).ok())
        .unwrap_or_default()
}

fn write(kept: &impl Serialize) -> Map<String, Value> {
    // Texts, numbers and objects of them can always be written as JSON.
    let kept = serde_json::to_value(kept).unwrap_or_default();
    let mut map = Map::new();
    if kept.as_object().is_some_and(|kept| !kept.is_empty()) {
        map.insert(KEY.to_owned(), kept);
    }
    map
}

macro_rules! kept {
    ($name:ident) => {
        impl $name {
            /// What is kept in these extras.
            pub fn of(extras: &Extras) -> Self {
                read(extras)
            }

            /// As extras of something new.
            ///
            /// # Errors
            /// When it is more than extras take.
            pub fn extras(&self) -> Result<Extras, InvalidExtras> {
                Extras::try_from(write(self))
            }

            /// As a change of extras that are there; what is absent here stays there.
            ///
            /// # Errors
            /// When it is more than extras take.
            pub fn patch(&self) -> Result<ExtrasPatch, InvalidExtras> {
                ExtrasPatch::try_from(write(self))
            }
        }
    };
}

kept!(KeptOfConversation);
kept!(KeptOfQuestion);
kept!(KeptOfAnswer);

impl KeptOfConversation {
    /// The change that makes this of what is there, whatever that is: what is absent here goes.
    ///
    /// # Errors
    /// When it is more than extras take.
    pub fn replacing(&self, before: &Extras) -> Result<ExtrasPatch, InvalidExtras> {
        let mut change = write(self);
        let after = change
            .entry(KEY)
            .or_insert_with(|| Value::Object(Map::new()));
        if let (Some(after), Some(Value::Object(before))) = (after.as_object_mut(), before.get(KEY))
        {
            let own = ["endpoint", "endpointType", "spec", "iconURL", "parameters"];
            for name in own {
                remove_what_is_gone(name, before, after);
            }
        }
        ExtrasPatch::try_from(change)
    }
}

fn remove_what_is_gone(name: &str, before: &Map<String, Value>, after: &mut Map<String, Value>) {
    match (before.get(name), after.get_mut(name)) {
        (Some(_), None) => {
            after.insert(name.to_owned(), Value::Null);
        }
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for gone in before.keys() {
                after.entry(gone.as_str()).or_insert(Value::Null);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replacing_leaves_nothing_of_what_was_there_but_what_is_not_its_own() {
        let before = json!({"other": 1, KEY: {"endpoint": "a", "spec": "s", "files": ["f"], "parameters": {"top_p": 1, "stop": ["x"]}}});
        let before = Extras::try_from(before).unwrap();
        let kept = KeptOfConversation {
            endpoint: Some("b".to_owned()),
            parameters: Map::from_iter([("top_p".to_owned(), json!(0.5))]),
            ..KeptOfConversation::default()
        };
        let after = before.merge(&kept.replacing(&before).unwrap()).unwrap();
        let expected = json!({"other": 1, KEY: {"endpoint": "b", "files": ["f"], "parameters": {"top_p": 0.5}}});
        assert_eq!(after, Extras::try_from(expected).unwrap());
        assert_eq!(KeptOfConversation::of(&after), kept);
    }

    #[test]
    fn what_another_program_wrote_there_does_no_harm() {
        let odd = Extras::try_from(json!({KEY: {"quotes": 7}})).unwrap();
        assert_eq!(KeptOfQuestion::of(&odd), KeptOfQuestion::default());
        assert_eq!(KeptOfQuestion::default().extras().unwrap(), Extras::new());
    }
}
