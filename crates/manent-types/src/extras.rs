//! What a surface keeps with a conversation or a message: an opaque JSON object.
//!
//! Invariant: an [`Extras`] is an object, at most [`Extras::MAX_BYTES`] long as compact JSON and nested at most [`Extras::MAX_DEPTH`]
//! deep. Nobody below the surface looks into it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Why something is no [`Extras`], or no [`ExtrasPatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidExtras {
    /// The text is no JSON, or the value no object.
    #[error("extras are a JSON object")]
    NotAnObject,
    /// It is too long.
    #[error("extras are at most 32 KiB of JSON")]
    TooLarge,
    /// It is nested too deep.
    #[error("extras are nested at most 16 deep")]
    TooDeep,
}

/// An opaque JSON object that a surface keeps with a conversation or a message; kept for it, never looked into. Empty by default.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Extras(Map<String, Value>);

impl Extras {
    /// The longest in bytes of compact JSON.
    pub const MAX_BYTES: usize = 32 * 1024;

    /// How deep objects and lists may lie in each other; the outermost object counts as one.
    pub const MAX_DEPTH: usize = 16;

    /// Without any member.
    pub fn new() -> Self {
        Self(Map::new())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The member with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The members.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// The text that a store keeps; absent while it is empty.
    pub fn to_stored(&self) -> Option<String> {
        (!self.is_empty()).then(|| Value::Object(self.0.clone()).to_string())
    }

    /// What [`Self::to_stored`] wrote.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn from_stored(text: Option<&str>) -> Result<Self, InvalidExtras> {
        match text {
            None => Ok(Self::new()),
            Some(text) => match serde_json::from_str(text) {
                Ok(Value::Object(map)) => Self::try_from(map),
                _ => Err(InvalidExtras::NotAnObject),
            },
        }
    }

    /// With a merge patch (RFC 7386) applied: a member that is `null` there goes, an object is merged member by member, anything else
    /// replaces what is there.
    ///
    /// # Errors
    /// When what comes out is too long or too deep.
    pub fn merge(&self, patch: &ExtrasPatch) -> Result<Self, InvalidExtras> {
        let mut merged = self.0.clone();
        merge_into(&mut merged, &patch.0);
        Self::try_from(merged)
    }
}

impl TryFrom<Map<String, Value>> for Extras {
    type Error = InvalidExtras;

    fn try_from(map: Map<String, Value>) -> Result<Self, InvalidExtras> {
        checked(map).map(Self)
    }
}

impl TryFrom<Value> for Extras {
    type Error = InvalidExtras;

    fn try_from(value: Value) -> Result<Self, InvalidExtras> {
        match value {
            Value::Object(map) => Self::try_from(map),
            _ => Err(InvalidExtras::NotAnObject),
        }
    }
}

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A merge patch (RFC 7386) of an [`Extras`], with the same bounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExtrasPatch(Map<String, Value>);

impl ExtrasPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members; `null` takes one away.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl TryFrom<Map<String, Value>> for ExtrasPatch {
    type Error = InvalidExtras;

    fn try_from(map: Map<String, Value>) -> Result<Self, InvalidExtras> {
        checked(map).map(Self)
    }
}

impl TryFrom<Value> for ExtrasPatch {
    type Error = InvalidExtras;

    fn try_from(value: Value) -> Result<Self, InvalidExtras> {
        match value {
            Value::Object(map) => Self::try_from(map),
            _ => Err(InvalidExtras::NotAnObject),
        }
    }
}

fn checked(map: Map<String, Value>) -> Result<Map<String, Value>, InvalidExtras> {
    if !is_within_depth(map.values(), Extras::MAX_DEPTH - 1) {
        return Err(InvalidExtras::TooDeep);
    }
    let length = serde_json::to_string(&map).map_or(usize::MAX, |text| text.len());
    if length > Extras::MAX_BYTES {
        return Err(InvalidExtras::TooLarge);
    }
    Ok(map)
}

/// Whether no object or list lies deeper than so many levels. Goes no deeper than that itself.
fn is_within_depth<'value>(values: impl IntoIterator<Item = &'value Value>, levels: usize) -> bool {
    values.into_iter().all(|value| match value {
        Value::Object(map) => levels > 0 && is_within_depth(map.values(), levels - 1),
        Value::Array(list) => levels > 0 && is_within_depth(list, levels - 1),
        _ => true,
    })
}

fn merge_into(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => {
                // Merged into nothing, so that no `null` of the patch is left in what is new.
                let slot = target
                    .entry(name.as_str())
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(existing) = slot {
                    merge_into(existing, inner);
                } else {
                    let mut fresh = Map::new();
                    merge_into(&mut fresh, inner);
                    *slot = Value::Object(fresh);
                }
            }
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extras(value: Value) -> Extras {
        Extras::try_from(value).unwrap()
    }

    fn patch(value: Value) -> ExtrasPatch {
        ExtrasPatch::try_from(value).unwrap()
    }

    /// The examples of RFC 7386, appendix A, whose outcome is an object.
    #[test]
    fn merges_as_the_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
            (
                json!({"a": "foo"}),
                json!({"a": {"b": 1, "c": null}}),
                json!({"a": {"b": 1}}),
            ),
        ];
        for (before, change, after) in cases {
            let merged = extras(before.clone()).merge(&patch(change.clone()));
            assert_eq!(merged, Ok(extras(after)), "{before} with {change}");
        }
    }

    #[test]
    fn refuses_what_is_no_object_too_long_or_too_deep() {
        assert_eq!(
            Extras::try_from(json!([1])),
            Err(InvalidExtras::NotAnObject)
        );
        let longest = "x".repeat(Extras::MAX_BYTES - r#"{"a":""}"#.len());
        assert!(Extras::try_from(json!({"a": longest})).is_ok());
        assert_eq!(
            Extras::try_from(json!({"a": format!("{longest}x")})),
            Err(InvalidExtras::TooLarge)
        );
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(Extras::try_from(nested(Extras::MAX_DEPTH)).is_ok());
        assert_eq!(
            Extras::try_from(nested(Extras::MAX_DEPTH + 1)),
            Err(InvalidExtras::TooDeep)
        );
        assert!(serde_json::from_value::<Extras>(json!("a")).is_err());
    }

    #[test]
    fn refuses_a_merge_that_grows_too_large() {
        let half = "x".repeat(Extras::MAX_BYTES / 2);
        let one = extras(json!({"a": half}));
        assert_eq!(
            one.merge(&patch(json!({"b": half}))),
            Err(InvalidExtras::TooLarge)
        );
        assert!(one.merge(&patch(json!({"a": null, "b": half}))).is_ok());
    }

    #[test]
    fn comes_back_from_its_stored_text() {
        let kept = extras(json!({"a": {"b": [1, null, "\u{0}ü"]}}));
        assert_eq!(
            Extras::from_stored(kept.to_stored().as_deref()),
            Ok(kept.clone())
        );
        assert_eq!(Extras::new().to_stored(), None);
        assert_eq!(Extras::from_stored(None), Ok(Extras::new()));
        assert_eq!(
            Extras::from_stored(Some("[]")),
            Err(InvalidExtras::NotAnObject)
        );
    }
}
