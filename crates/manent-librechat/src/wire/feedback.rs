//! What a person thinks of an answer.

use serde_json::{Map, Value};

/// The longest tag in characters.
const MOST_TAG: usize = 64;

/// The longest text in characters.
const MOST_TEXT: usize = 1024;

/// What a person thinks of an answer: a rating, and perhaps why. Absent for anything else.
///
/// Source: LibreChat da0491d5, `packages/data-provider/src/feedback.ts`.
pub fn feedback(value: &Value) -> Option<Value> {
    let given = value.as_object()?;
    let rating = given.get("rating")?.as_str()?;
    if !matches!(rating, "thumbsUp" | "thumbsDown") {
        return None;
    }
    let mut kept = Map::new();
    kept.insert("rating".to_owned(), rating.into());
    for (name, most) in [("tag", MOST_TAG), ("text", MOST_TEXT)] {
        match given.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.chars().take(most + 1).count() <= most => {
                kept.insert(name.to_owned(), text.as_str().into());
            }
            Some(_) => return None,
        }
    }
    Some(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_an_opinion_is_kept() {
        let full =
            json!({"rating": "thumbsUp", "tag": "accurate_reliable", "text": "Yes", "other": 1});
        let kept = json!({"rating": "thumbsUp", "tag": "accurate_reliable", "text": "Yes"});
        assert_eq!(feedback(&full), Some(kept));
        let bare = json!({"rating": "thumbsDown", "tag": null});
        assert_eq!(feedback(&bare), Some(json!({"rating": "thumbsDown"})));
        for odd in [
            json!(1),
            json!({}),
            json!({"rating": "so so"}),
            json!({"rating": "thumbsUp", "text": 7}),
            json!({"rating": "thumbsUp", "text": "x".repeat(1025)}),
        ] {
            assert_eq!(feedback(&odd), None, "{odd}");
        }
    }
}
