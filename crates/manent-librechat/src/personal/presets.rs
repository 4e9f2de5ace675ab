//! Presets: settings of the client under a name. What they hold is the client's; one of them may be the default.

use manent_types::Timestamp;
use serde_json::{Map, Value, json};

use super::Unfit;

/// The kind of the documents. A document's id is the preset's.
pub const KIND: &str = "librechat.preset";

/// The member that says that a preset is the default.
const DEFAULT: &str = "defaultPreset";

/// The member by which presets are ordered.
const ORDER: &str = "order";

/// Where a preset without an order stands.
const LAST: f64 = 10_000.0;

/// What is told with a preset and is not of it.
const NOT_KEPT: [&str; 7] = [
    "presetId",
    "newPresetId",
    "user",
    "createdAt",
    "updatedAt",
    "__v",
    "_id",
];

/// What a request says of a preset.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenPreset {
    /// Which; absent: a new one.
    pub id: Option<String>,
    /// `true`: the default from now on; `false`: it no longer is.
    pub is_default: Option<bool>,
    members: Map<String, Value>,
}

impl GivenPreset {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(mut body: Map<String, Value>) -> Result<Self, Unfit> {
        let id = id(&body, "newPresetId")?.or(id(&body, "presetId")?);
        let is_default = match body.remove(DEFAULT) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(is_default)) => Some(is_default),
            Some(_) => return Err(Unfit::new(DEFAULT, "must be true or false")),
        };
        if body
            .get(ORDER)
            .is_some_and(|order| !order.is_number() && !order.is_null())
        {
            return Err(Unfit::new(ORDER, "must be a number"));
        }
        body.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
        Ok(Self {
            id,
            is_default,
            members: body,
        })
    }

    /// The preset with what the request says; what it does not say stays, and what it says to be nothing goes.
    pub fn applied(
        &self,
        existing: Option<&Map<String, Value>>,
        object_id: &str,
    ) -> Map<String, Value> {
        let mut preset = existing.cloned().unwrap_or_default();
        preset
            .entry("_id")
            .or_insert_with(|| Value::from(object_id));
        for (name, value) in &self.members {
            if value.is_null() {
                preset.remove(name);
            } else {
                preset.insert(name.clone(), value.clone());
            }
        }
        match self.is_default {
            Some(true) => {
                preset.insert(DEFAULT.to_owned(), true.into());
                preset.insert(ORDER.to_owned(), 0.into());
            }
            Some(false) => return no_default(&preset).unwrap_or(preset),
            None => {}
        }
        preset
    }
}

/// The id in this member: any text that names a document.
///
/// # Errors
/// When it is something else.
pub fn id(body: &Map<String, Value>, member: &'static str) -> Result<Option<String>, Unfit> {
    let id = super::line(body, member, 128);
    match body.get(member) {
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        _ => id,
    }
}

/// The preset when it is no longer the default; absent: it was not.
pub fn no_default(preset: &Map<String, Value>) -> Option<Map<String, Value>> {
    preset.contains_key(DEFAULT).then(|| {
        let mut preset = preset.clone();
        preset.remove(DEFAULT);
        preset.remove(ORDER);
        preset
    })
}

/// A preset as the client reads it, with what its list is ordered by.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldPreset {
    /// As the client reads it.
    pub wire: Value,
    order: f64,
    updated_at: Timestamp,
}

/// Tells a preset; `user` by the client's kind of id.
pub fn told(
    id: &str,
    preset: &Map<String, Value>,
    created_at: Timestamp,
    updated_at: Timestamp,
    user: &str,
) -> ToldPreset {
    let mut wire = preset.clone();
    let own = [
        ("presetId", json!(id)),
        ("user", json!(user)),
        ("createdAt", json!(created_at)),
        ("updatedAt", json!(updated_at)),
    ];
    wire.extend(own.map(|(name, value)| (name.to_owned(), value)));
    // The client's list needs both of them.
    wire.entry("title").or_insert_with(|| "New Chat".into());
    wire.entry("endpoint").or_insert(Value::Null);
    ToldPreset {
        order: preset.get(ORDER).and_then(Value::as_f64).unwrap_or(LAST),
        wire: Value::Object(wire),
        updated_at,
    }
}

/// The list in the client's order: the default first, then by what the person said, then the newest.
pub fn ordered(mut presets: Vec<ToldPreset>) -> Vec<Value> {
    presets.sort_by(|one, other| {
        one.order
            .total_cmp(&other.order)
            .then_with(|| other.updated_at.cmp(&one.updated_at))
    });
    presets.into_iter().map(|preset| preset.wire).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("no object: {other}"),
        }
    }

    #[test]
    fn a_preset_keeps_what_a_change_does_not_name() {
        let given = map(
            json!({"presetId": "p", "title": "A", "user": "someone", "temperature": null, "defaultPreset": true}),
        );
        let given = GivenPreset::read(given).unwrap();
        assert_eq!(
            (given.id.as_deref(), given.is_default),
            (Some("p"), Some(true))
        );
        let before = map(json!({"_id": "1", "temperature": 1, "model": "m"}));
        let after = given.applied(Some(&before), "2");
        assert_eq!(
            Value::Object(after.clone()),
            json!({"_id": "1", "model": "m", "title": "A", "defaultPreset": true, "order": 0})
        );
        let plain = json!({"_id": "1", "model": "m", "title": "A"});
        assert_eq!(no_default(&after).map(Value::Object), Some(plain.clone()));
        let off = GivenPreset::read(map(json!({"defaultPreset": false}))).unwrap();
        assert_eq!(Value::Object(off.applied(Some(&after), "2")), plain);
        assert_eq!(no_default(&before), None);
    }

    #[test]
    fn the_default_is_first_and_then_the_newest() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let tell = |id: &str, body, updated| told(id, &map(body), at(0), at(updated), "u");
        let list = ordered(vec![
            tell("old", json!({}), 1),
            tell("second", json!({"order": 5}), 1),
            tell("new", json!({}), 2),
            tell("default", json!({"order": 0, "defaultPreset": true}), 0),
        ]);
        let ids: Vec<&Value> = list.iter().map(|preset| &preset["presetId"]).collect();
        assert_eq!(ids, ["default", "second", "new", "old"]);
    }

    #[test]
    fn what_is_no_preset_is_refused() {
        for wrong in [
            json!({"presetId": 1}),
            json!({"presetId": "a\u{0}"}),
            json!({"presetId": "x".repeat(129)}),
            json!({"defaultPreset": "yes"}),
            json!({"order": "first"}),
        ] {
            assert!(GivenPreset::read(map(wrong.clone())).is_err(), "{wrong}");
        }
        assert_eq!(
            GivenPreset::read(map(json!({"presetId": ""}))).unwrap().id,
            None
        );
    }
}
