//! Projects: conversations under a name. The conversations carry the project's id as a label, each at most one.

use manent_types::{ConversationId, Label, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::pages::Place;
use super::{Unfit, is_object_id, line, text};
use crate::wire::PROJECT_LABEL;

/// The kind of the documents. A document's id is the project's: 24 hexadecimal digits, small letters.
pub const KIND: &str = "librechat.project";

/// The most projects of one person.
pub const MAX_PROJECTS: usize = 1_000;

const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 1_000;

/// What is kept of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProject {
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl KeptProject {
    /// A new one, of a request.
    ///
    /// # Errors
    /// What is wrong about the request.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let change = ProjectChange::read(body)?;
        Ok(Self {
            name: change
                .name
                .ok_or_else(|| Unfit::new("name", "is required"))?,
            description: change.description.unwrap_or_default(),
        })
    }
}

/// A change of a project; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectChange {
    name: Option<String>,
    description: Option<String>,
}

impl ProjectChange {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        Ok(Self {
            name: line(body, "name", MAX_NAME)?,
            description: text(body, "description", MAX_DESCRIPTION)?,
        })
    }

    /// The project with it.
    pub fn applied(self, project: KeptProject) -> KeptProject {
        KeptProject {
            name: self.name.unwrap_or(project.name),
            description: self.description.unwrap_or(project.description),
        }
    }
}

/// A project as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// What is kept of it.
    pub kept: KeptProject,
    /// How many conversations are in it.
    pub count: u64,
    /// The conversation in which something was said last.
    pub last: Option<(ConversationId, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Project {
    /// As the client reads it; `user` by the client's kind of id.
    pub fn wire(&self, user: &str) -> Value {
        let mut wire = json!({
            "_id": self.id, "name": self.kept.name, "user": user, "conversationCount": self.count,
            "lastConversationAt": self.last.map(|(_, at)| at), "createdAt": self.created_at, "updatedAt": self.updated_at,
        });
        if !self.kept.description.is_empty() {
            wire["description"] = self.kept.description.as_str().into();
        }
        if let Some((id, _)) = self.last {
            wire["lastConversationId"] = json!(id);
        }
        wire
    }
}

/// The label that the conversations of a project carry; absent when that is no project's id.
pub fn label(id: &str) -> Option<Label> {
    let id = Some(id).filter(|id| is_object_id(id))?;
    format!("{PROJECT_LABEL}{}", id.to_ascii_lowercase())
        .parse()
        .ok()
}

/// Which part of the list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectList {
    by: By,
    /// Whether the list begins with the last.
    pub is_descending: bool,
    /// Where the page begins.
    pub after: Option<Place>,
    /// How many rows it has.
    pub limit: usize,
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Created,
    LastConversation,
}

impl ProjectList {
    /// Reads the members of an address; what is no order, no number and no place is as good as not there.
    pub fn read(member: impl Fn(&str) -> Option<String>) -> Self {
        let limit: Option<usize> = member("limit").and_then(|limit| limit.parse().ok());
        Self {
            by: match member("sortBy").as_deref() {
                Some("name") => By::Name,
                Some("createdAt") => By::Created,
                _ => By::LastConversation,
            },
            is_descending: member("sortDirection").as_deref() != Some("asc"),
            after: member("cursor").and_then(|cursor| Place::parse(&cursor)),
            limit: limit.map_or(25, |limit| limit.clamp(1, 100)),
            words: member("search").unwrap_or_default().trim().to_lowercase(),
        }
    }

    /// Where a project stands in it; absent when it is not in it.
    pub fn place(&self, project: &Project) -> Option<Place> {
        let kept = &project.kept;
        let has = |text: &str| text.to_lowercase().contains(&self.words);
        if !has(&kept.name) && !has(&kept.description) {
            return None;
        }
        let id = project.id.as_str();
        Some(match (self.by, project.last) {
            (By::Name, _) => Place::new(kept.name.as_str(), id),
            (By::Created, _) => Place::at(project.created_at, id),
            (By::LastConversation, Some((_, at))) => Place::at(at, id),
            // None at all comes before every time.
            (By::LastConversation, None) => Place::new("", id),
        })
    }
}

/// The project that a conversation shall have; absent: none.
///
/// # Errors
/// What is wrong about the request.
pub fn wanted(body: &Map<String, Value>) -> Result<Option<&str>, Unfit> {
    match body.get("projectId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(_) => Err(Unfit::new("projectId", "must be a string or null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(id: &str, name: &str, last: Option<i64>) -> Project {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        Project {
            id: id.to_owned(),
            kept: KeptProject {
                name: name.to_owned(),
                description: "About Things".to_owned(),
            },
            count: 0,
            last: last.map(|last| (ConversationId::new(uuid::Uuid::nil()), at(last))),
            created_at: at(1),
            updated_at: at(1),
        }
    }

    #[test]
    fn projects_are_found_by_words_and_ordered_by_their_last_conversation() {
        let list = ProjectList::read(|_| None);
        assert_eq!((list.limit, list.is_descending), (25, true));
        let place = |last| list.place(&project("a", "A", last));
        assert!(place(Some(2)) > place(Some(1)) && place(Some(1)) > place(None));
        let search =
            |words: &str| ProjectList::read(|name| (name == "search").then(|| words.to_owned()));
        assert!(search("THINGS").place(&project("a", "A", None)).is_some());
        assert!(search("other").place(&project("a", "A", None)).is_none());
        let wrong = ProjectList::read(|_| Some("x".to_owned()));
        assert_eq!((wrong.limit, wrong.after), (25, None));
    }

    #[test]
    fn what_is_no_project_is_refused() {
        for wrong in [
            json!({}),
            json!({"name": " "}),
            json!({"name": 1}),
            json!({"name": "x".repeat(101)}),
            json!({"name": "a", "description": "x".repeat(1001)}),
        ] {
            assert!(
                KeptProject::read(wrong.as_object().unwrap()).is_err(),
                "{wrong}"
            );
        }
        assert!(label("not-hex").is_none());
        assert_eq!(label(&"A".repeat(24)), label(&"a".repeat(24)));
    }
}
