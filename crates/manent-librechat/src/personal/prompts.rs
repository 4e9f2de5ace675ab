//! Prompts: texts that a person keeps under a name. A group has versions of a text, of which one is in use.

use manent_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::pages::Place;
use super::{Unfit, line, text};

/// The kind of the documents of groups. A document's id is the group's: 24 hexadecimal digits.
pub const KIND_OF_GROUPS: &str = "librechat.prompt-group";

/// The kind of the documents of texts. A document's id is the prompt's: 24 hexadecimal digits.
pub const KIND: &str = "librechat.prompt";

/// The most groups of one person.
pub const MAX_GROUPS: usize = 1_000;

/// The most versions of one text.
pub const MAX_VERSIONS: usize = 100;

/// The longest text in bytes.
const MAX_TEXT: usize = 60_000;

const MAX_NAME: usize = 255;
const MAX_LINE: usize = 500;
const MAX_CATEGORY: usize = 100;
const MAX_COMMAND: usize = 56;

/// The category of the client's filter that means every one.
const ALL: [&str; 2] = ["sys__all__sys", "sys__my__prompts__sys"];

/// The one that means those without a category.
const NONE: &str = "sys__no__category__sys";

/// The one that means those of others, of which there are none.
const SHARED: &str = "sys__shared__prompts__sys";

/// What is kept of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub oneliner: String,
    /// Under what it is filed.
    #[serde(default)]
    pub category: String,
    /// By what it is called in the composer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// How often it was used.
    #[serde(default)]
    pub uses: u64,
    /// The version that is in use.
    pub production: String,
    /// Every version, the oldest first.
    pub versions: Vec<String>,
}

/// What is kept of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptPrompt {
    /// The group.
    pub group: String,
    /// The text.
    pub prompt: String,
    /// `text` or `chat`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A text of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPrompt {
    /// The text.
    pub prompt: String,
    /// `text` or `chat`.
    pub kind: String,
}

impl GivenPrompt {
    /// Reads the `prompt` of a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let given = body.get("prompt").and_then(Value::as_object);
        let given = given.ok_or_else(|| Unfit::new("prompt", "is required"))?;
        let prompt = given
            .get("prompt")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err(Unfit::new("prompt", "must have a text"));
        }
        if prompt.len() > MAX_TEXT {
            return Err(Unfit::new(
                "prompt",
                format!("has more than {MAX_TEXT} bytes"),
            ));
        }
        match given.get("type").and_then(Value::as_str) {
            Some(kind @ ("text" | "chat")) => Ok(Self {
                prompt: prompt.to_owned(),
                kind: kind.to_owned(),
            }),
            _ => Err(Unfit::new("prompt", "must have a type, text or chat")),
        }
    }
}

/// What becomes of a group's command.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CommandChange {
    Keep,
    To(Option<String>),
}

/// A change of a group; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    name: Option<String>,
    oneliner: Option<String>,
    category: Option<String>,
    command: CommandChange,
}

impl GroupChange {
    /// Reads a request, which says nothing else.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let known = ["name", "oneliner", "category", "command"];
        if let Some(unknown) = body.keys().find(|name| !known.contains(&name.as_str())) {
            let unknown: String = unknown.chars().take(40).collect();
            return Err(Unfit::new(
                "body",
                format!("has {unknown:?}, which cannot be changed"),
            ));
        }
        Self::read_known(body)
    }

    fn read_known(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let command = text(body, "command", MAX_COMMAND)?;
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if command
            .as_ref()
            .is_some_and(|command| !command.bytes().all(is_allowed))
        {
            let reason = "must only contain lowercase alphanumeric characters and hyphens";
            return Err(Unfit::new("command", reason));
        }
        Ok(Self {
            name: line(body, "name", MAX_NAME)?,
            oneliner: text(body, "oneliner", MAX_LINE)?,
            category: text(body, "category", MAX_CATEGORY)?,
            command: if body.contains_key("command") {
                CommandChange::To(command.filter(|command| !command.is_empty()))
            } else {
                CommandChange::Keep
            },
        })
    }

    /// The group with it.
    pub fn applied(self, group: KeptGroup) -> KeptGroup {
        KeptGroup {
            name: self.name.unwrap_or(group.name),
            oneliner: self.oneliner.unwrap_or(group.oneliner),
            category: self.category.unwrap_or(group.category),
            command: match self.command {
                CommandChange::Keep => group.command,
                CommandChange::To(command) => command,
            },
            ..group
        }
    }
}

/// A new group of a request, with the id of its first version.
///
/// # Errors
/// What is wrong about the request.
pub fn new_group(body: &Map<String, Value>, first: &str) -> Result<KeptGroup, Unfit> {
    let missing = || Unfit::new("group", "must have a name");
    let given = body
        .get("group")
        .and_then(Value::as_object)
        .ok_or_else(missing)?;
    let change = GroupChange::read_known(given)?;
    if change.name.is_none() {
        return Err(missing());
    }
    Ok(change.applied(KeptGroup {
        name: String::new(),
        oneliner: String::new(),
        category: String::new(),
        command: None,
        uses: 0,
        production: first.to_owned(),
        versions: vec![first.to_owned()],
    }))
}

/// Who is told to have written it.
#[derive(Debug, Clone, Copy)]
pub struct Author<'author> {
    /// By the client's kind of id.
    pub id: &'author str,
    /// By name.
    pub name: &'author str,
}

/// A group as the client reads it.
pub fn group(
    id: &str,
    kept: &KeptGroup,
    in_use: Option<&str>,
    author: Author<'_>,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> Value {
    let mut wire = json!({
        "_id": id, "name": kept.name, "numberOfGenerations": kept.uses, "oneliner": kept.oneliner, "category": kept.category,
        "productionId": kept.production, "productionPrompt": in_use.map(|prompt| json!({"prompt": prompt})), "author": author.id,
        "authorName": author.name, "createdAt": created_at, "updatedAt": updated_at,
    });
    if let Some(command) = &kept.command {
        wire["command"] = command.as_str().into();
    }
    wire
}

/// A version as the client reads it.
pub fn prompt(
    id: &str,
    kept: &KeptPrompt,
    author: Author<'_>,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> Value {
    json!({
        "_id": id, "groupId": kept.group, "author": author.id, "prompt": kept.prompt, "type": kept.kind, "createdAt": created_at,
        "updatedAt": updated_at,
    })
}

/// Which groups are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupList {
    name: String,
    category: Option<String>,
    /// Where the page begins.
    pub after: Option<Place>,
    /// How many rows it has.
    pub limit: usize,
}

impl GroupList {
    /// Reads the members of an address; what is no number and no place is as good as not there.
    pub fn read(member: impl Fn(&str) -> Option<String>) -> Self {
        let limit = member("limit").or_else(|| member("pageSize"));
        let limit: Option<usize> = limit.and_then(|limit| limit.parse().ok());
        Self {
            name: member("name").unwrap_or_default().to_lowercase(),
            category: member("category").filter(|category| !category.is_empty()),
            after: member("cursor").and_then(|cursor| Place::parse(&cursor)),
            limit: limit.map_or(10, |limit| limit.clamp(1, 100)),
        }
    }

    /// Where a group stands, in a list that begins with the last: by its uses, then by its last change. Absent when it is not in the list.
    pub fn place(&self, id: &str, kept: &KeptGroup, updated_at: Timestamp) -> Option<Place> {
        let is_in = match self.category.as_deref() {
            None => true,
            Some(all) if ALL.contains(&all) => true,
            Some(NONE) => kept.category.is_empty(),
            Some(SHARED) => false,
            Some(category) => kept.category == category,
        };
        let key = format!(
            "{:020}{:020}",
            kept.uses,
            updated_at.as_millisecond().max(0)
        );
        (is_in && kept.name.to_lowercase().contains(&self.name)).then(|| Place::new(key, id))
    }
}

/// A page of groups.
pub fn page(groups: &[Value], limit: usize, next: Option<&str>) -> Value {
    let has_more = next.is_some();
    json!({
        "promptGroups": groups, "pageNumber": "1", "pageSize": limit.to_string(),
        // How many there are is not counted.
        "pages": if has_more { "9999" } else { "1" },
        "has_more": has_more, "after": next,
    })
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

    fn kept(name: &str, category: &str, uses: u64) -> KeptGroup {
        let body = map(json!({"group": {"name": name, "category": category, "more": 1}}));
        KeptGroup {
            uses,
            ..new_group(&body, "v").unwrap()
        }
    }

    #[test]
    fn groups_are_found_by_name_and_category_and_ordered_by_use() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let list = |name: &'static str, value: &'static str| {
            GroupList::read(move |member| (member == name).then(|| value.to_owned()))
        };
        let is_in = |list: GroupList, category: &str| {
            list.place("id", &kept("A Name", category, 0), at(0))
                .is_some()
        };
        assert!(is_in(list("name", "NAME"), ""));
        assert!(!is_in(list("name", "other"), ""));
        for (category, of_code, of_none) in [
            ("code", true, false),
            ("sys__all__sys", true, true),
            ("sys__my__prompts__sys", true, true),
            ("sys__no__category__sys", false, true),
            ("sys__shared__prompts__sys", false, false),
        ] {
            assert_eq!(
                is_in(list("category", category), "code"),
                of_code,
                "{category}"
            );
            assert_eq!(is_in(list("category", category), ""), of_none, "{category}");
        }
        let all = GroupList::read(|_| None);
        let place = |uses, updated| all.place("id", &kept("A", "", uses), at(updated));
        assert!(place(10, 0) > place(9, 5) && place(9, 5) > place(9, 4));
    }

    #[test]
    fn a_change_is_strict() {
        let change = GroupChange::read(&map(json!({"name": "B", "command": null}))).unwrap();
        let mut before = kept("A", "code", 3);
        before.command = Some("a".to_owned());
        let mut after = kept("B", "code", 3);
        after.command = None;
        assert_eq!(change.applied(before), after);
        for wrong in [
            json!({"author": "x"}),
            json!({"name": ""}),
            json!({"name": "x".repeat(256)}),
            json!({"oneliner": "x".repeat(501)}),
            json!({"category": "x".repeat(101)}),
            json!({"command": "A"}),
            json!({"command": "x".repeat(57)}),
        ] {
            assert!(GroupChange::read(&map(wrong.clone())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_prompt_is_refused() {
        for wrong in [
            json!({}),
            json!({"prompt": "text"}),
            json!({"prompt": {"prompt": " ", "type": "text"}}),
            json!({"prompt": {"prompt": "a", "type": "picture"}}),
            json!({"prompt": {"prompt": "x".repeat(MAX_TEXT + 1), "type": "text"}}),
        ] {
            assert!(GivenPrompt::read(&map(wrong.clone())).is_err(), "{wrong}");
        }
        assert!(new_group(&map(json!({"group": {}})), "v").is_err());
    }
}
