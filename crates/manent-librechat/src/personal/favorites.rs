//! Favourites: models and specs that a person pins above the menu, and tools.

use serde_json::{Map, Value, json};

/// The kind of the documents.
pub const KIND: &str = "librechat.favorites";

/// The document of models and specs; they lie under [`MEMBER`].
pub const MODELS: &str = "models";

/// The document of tools; they lie under [`MEMBER`].
pub const TOOLS: &str = "tools";

/// Where the list lies in the document, and in a request.
pub const MEMBER: &str = "favorites";

/// The most favourites of models and specs.
const MAX_MODELS: usize = 50;

/// The most favourites of tools.
const MAX_TOOLS: usize = 100;

/// The longest name in characters.
const MAX_NAME: usize = 256;

/// What kinds of tools there are for the client.
const TOOL_KINDS: [&str; 4] = ["builtin", "tool", "mcp", "skill"];

/// The favourites of a request, without anything else that it says.
///
/// # Errors
/// The body of the refusal.
pub fn models(body: &Map<String, Value>) -> Result<Vec<Value>, Value> {
    let given = body.get(MEMBER).filter(|given| !given.is_null());
    let given = given.ok_or_else(|| refused("Favorites data is required"))?;
    let given = given
        .as_array()
        .ok_or_else(|| refused("Favorites must be an array"))?;
    if given.len() > MAX_MODELS {
        return Err(too_many(MAX_MODELS));
    }
    given.iter().map(model).collect()
}

fn model(favorite: &Value) -> Result<Value, Value> {
    let name = |member: &str| match favorite.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if name.chars().count() > MAX_NAME => Err(refused(format!(
            "{member} exceeds maximum length of {MAX_NAME}"
        ))),
        Some(Value::String(name)) if name.is_empty() && member == "spec" => {
            Err(refused("spec must be a non-empty string"))
        }
        Some(Value::String(name)) => Ok(Some(name.as_str()).filter(|name| !name.is_empty())),
        Some(_) => Err(refused(format!("{member} must be a string"))),
    };
    match (
        name("agentId")?,
        name("model")?,
        name("endpoint")?,
        name("spec")?,
    ) {
        (Some(agent), None, None, None) => Ok(json!({"agentId": agent})),
        (None, Some(model), Some(endpoint), None) => {
            Ok(json!({"model": model, "endpoint": endpoint}))
        }
        (None, None, None, Some(spec)) => Ok(json!({"spec": spec})),
        (None, None, None, None) => Err(refused(
            "Each favorite must have either agentId, model+endpoint, or spec",
        )),
        (None, _, _, None) => Err(refused("model and endpoint must be provided together")),
        _ => Err(refused(
            "Favorite cannot have multiple types (agentId, model/endpoint, or spec)",
        )),
    }
}

/// A tool, as it lies in the list.
///
/// # Errors
/// The body of the refusal.
pub fn tool(kind: &str, id: &str) -> Result<Value, Value> {
    if !TOOL_KINDS.contains(&kind) {
        return Err(json!({
            "code": "INVALID_ITEM_TYPE",
            "message": format!("itemType must be one of: {}", TOOL_KINDS.join(", ")),
        }));
    }
    if id.is_empty() || id.chars().count() > MAX_NAME {
        return Err(json!({
            "code": "INVALID_ITEM_ID",
            "message": format!("itemId must be a non-empty string of at most {MAX_NAME} characters"),
        }));
    }
    Ok(json!({"itemType": kind, "itemId": id}))
}

/// The list of tools with one more, or as it is when it has it.
///
/// # Errors
/// The body of the refusal.
pub fn with(mut tools: Vec<Value>, tool: &Value) -> Result<Vec<Value>, Value> {
    if !tools.contains(tool) {
        if tools.len() >= MAX_TOOLS {
            return Err(too_many(MAX_TOOLS));
        }
        tools.push(tool.clone());
    }
    Ok(tools)
}

/// The list in a document.
pub fn list(body: &Map<String, Value>) -> Vec<Value> {
    let list = body.get(MEMBER).and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// A document with this list.
pub fn document(list: Vec<Value>) -> Map<String, Value> {
    Map::from_iter([(MEMBER.to_owned(), list.into())])
}

fn refused(message: impl Into<String>) -> Value {
    json!({"message": message.into()})
}

fn too_many(limit: usize) -> Value {
    json!({
        "code": "MAX_FAVORITES_EXCEEDED", "limit": limit, "message": format!("Maximum {limit} favorites allowed"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(favorites: Value) -> Result<Vec<Value>, Value> {
        models(&Map::from_iter([(MEMBER.to_owned(), favorites)]))
    }

    #[test]
    fn a_favorite_is_one_thing() {
        let kept = json!([{"model": "m", "endpoint": "e"}, {"spec": "s"}, {"agentId": "a"}]);
        assert_eq!(read(kept.clone()).map(Value::from), Ok(kept));
        let more = json!([{"spec": "s", "more": "words"}]);
        assert_eq!(read(more).map(Value::from), Ok(json!([{"spec": "s"}])));
        for wrong in [
            json!("a"),
            json!([1]),
            json!([{}]),
            json!([{"model": "m"}]),
            json!([{"model": 1, "endpoint": "e"}]),
            json!([{"spec": ""}]),
            json!([{"spec": "s", "model": "m", "endpoint": "e"}]),
            json!([{"agentId": "a", "endpoint": "e"}]),
            json!([{"spec": "x".repeat(257)}]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn favorites_are_bounded() {
        let many = |count| Value::from(vec![json!({"spec": "s"}); count]);
        assert!(read(many(50)).is_ok());
        assert_eq!(read(many(51)).unwrap_err()["limit"], 50);
        let tools: Vec<Value> = (0..100)
            .filter_map(|id| tool("mcp", &id.to_string()).ok())
            .collect();
        let another = tool("tool", "one").unwrap();
        assert_eq!(with(tools.clone(), &tools[3]).unwrap().len(), 100);
        assert_eq!(with(tools, &another).unwrap_err()["limit"], 100);
        assert!(tool("agent", "x").is_err() && tool("tool", "").is_err());
    }
}
