//! JSON objects and nothing else. What `serde` derives for a struct also takes an array of its fields in order, which on a wire is
//! a mistake that must be told.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value that is read from an object only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FromMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FromMap<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(FromMap(PhantomData))
    }
}

/// For `#[serde(deserialize_with)]`: an object.
///
/// # Errors
/// Anything else, and whatever the type itself refuses.
pub fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// For `#[serde(default, deserialize_with)]`: an object or `null`.
///
/// # Errors
/// Anything else, and whatever the type itself refuses.
pub fn optional_object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let object = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(object.map(|Object(value)| value))
}

/// For `#[serde(deserialize_with)]`: an array of objects.
///
/// # Errors
/// Anything else, and whatever the type itself refuses.
pub fn objects<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelSettings, Part, Thinking};

    #[test]
    fn an_array_of_fields_is_no_object() {
        let settings = serde_json::from_str::<Object<ModelSettings>>(r#"{"model":"m"}"#).unwrap();
        assert_eq!(settings.0.model.as_deref(), Some("m"));
        assert!(serde_json::from_str::<Object<ModelSettings>>(r#"["provider","model"]"#).is_err());
        assert!(serde_json::from_str::<ModelSettings>(r#"{"thinking":[1024]}"#).is_err());
        let thinking = r#"{"thinking":{"budgetTokens":1024}}"#;
        let settings: ModelSettings = serde_json::from_str(thinking).unwrap();
        assert_eq!(
            settings.thinking,
            Some(Thinking {
                budget_tokens: 1024
            })
        );
        let settings: ModelSettings = serde_json::from_str(r#"{"thinking":null}"#).unwrap();
        assert_eq!(settings.thinking, None);
    }

    #[test]
    fn an_array_with_a_tag_is_no_part() {
        let part = serde_json::from_str::<Object<Part>>(r#"{"text":"a","type":"text"}"#).unwrap();
        assert_eq!(
            part.0,
            Part::Text {
                text: "a".to_owned()
            }
        );
        assert!(serde_json::from_str::<Object<Part>>(r#"["text","a"]"#).is_err());
    }
}
