//! The parts of a chunk whose shape differs from server to server.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Text of a delta: usually a string, in some places a list of parts that may hold reasoning as well.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct DeltaText<'data> {
    pub(crate) text: Cow<'data, str>,
    pub(crate) reasoning: String,
}

impl<'de: 'data, 'data> Deserialize<'de> for DeltaText<'data> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DeltaTextVisitor)
    }
}

struct DeltaTextVisitor;

impl<'de> Visitor<'de> for DeltaTextVisitor {
    type Value = DeltaText<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a list of parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(DeltaText {
            text: Cow::Borrowed(text),
            reasoning: String::new(),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(DeltaText {
            text: Cow::Owned(text.to_owned()),
            reasoning: String::new(),
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(DeltaText::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut text = String::new();
        let mut reasoning = String::new();
        while let Some(part) = parts.next_element::<ContentPart>()? {
            text.push_str(&part.text.unwrap_or_default());
            for thought in part.thinking.into_iter().flatten() {
                reasoning.push_str(&thought.text.unwrap_or_default());
            }
        }
        Ok(DeltaText {
            text: Cow::Owned(text),
            reasoning,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // An object in this place has no agreed meaning.
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(DeltaText::default())
    }
}

#[derive(Deserialize)]
struct ContentPart {
    text: Option<String>,
    thinking: Option<Vec<Thought>>,
}

#[derive(Deserialize)]
struct Thought {
    text: Option<String>,
}

/// The first element of a list, the others skipped, without a list of its own. Only one answer is ever asked for.
#[derive(Debug)]
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FirstVisitor(std::marker::PhantomData))
    }
}

struct FirstVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
    type Value = First<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(First(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let first = elements.next_element()?;
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrows_text_without_escapes() {
        let plain: DeltaText<'_> = serde_json::from_slice(br#""abc""#).unwrap();
        assert!(matches!(plain.text, Cow::Borrowed("abc")));
        let escaped: DeltaText<'_> = serde_json::from_slice(br#""a\nb""#).unwrap();
        assert_eq!(escaped.text, "a\nb");
    }

    #[test]
    fn reads_lists_of_parts_and_ignores_what_has_no_meaning() {
        let parts: DeltaText<'_> = serde_json::from_str(
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]"#,
        )
        .unwrap();
        assert_eq!(
            parts,
            DeltaText {
                text: "yes".into(),
                reasoning: "hm".to_owned()
            }
        );
        for other in ["null", r#"{"a":[1,{"b":2}]}"#] {
            assert_eq!(
                serde_json::from_str::<DeltaText<'_>>(other).unwrap(),
                DeltaText::default()
            );
        }
        assert!(serde_json::from_str::<DeltaText<'_>>("7").is_err());
    }
}
