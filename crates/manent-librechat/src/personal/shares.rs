//! Shared links: what of a conversation was there when it was published, for whoever has the link.
//!
//! Invariants: no id of ours is told but the link's own, and neither who asked nor whom; of one answer to the next the ids that are told have
//! nothing in common. What came after the publishing is not told.

use std::collections::{HashMap, HashSet};

use manent_types::{ConversationId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Unfit;
use super::pages::Place;
use crate::request::NO_PARENT;

/// The kind of the documents. A document's id is the link's, which nobody can guess.
pub const KIND: &str = "librechat.share";

/// The kind of the documents by which a conversation's link is found. A document's id is the conversation's.
pub const KIND_BY_CONVERSATION: &str = "librechat.shared";

/// The title of what has none.
const UNTITLED: &str = "Untitled";

/// The longest text to search for, in characters.
const MAX_SEARCH: usize = 256;

/// What is told of a message; nothing else is.
const TOLD: [&str; 12] = [
    "sender",
    "text",
    "content",
    "iconURL",
    "isCreatedByUser",
    "createdAt",
    "updatedAt",
    "tokenCount",
    "unfinished",
    "error",
    "finish_reason",
    "quotes",
];

/// What is kept of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptShare {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its title at the publishing.
    pub title: String,
    /// The last place of a message that was there at the publishing.
    pub until: u64,
    /// The message up to whose level it goes; absent: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<MessageId>,
    /// Whether the person wants the files to be in it.
    pub with_files: bool,
    /// Whether everybody who has the link may read it; else the owner alone.
    pub is_public: bool,
}

/// Which link belongs to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareOfConversation {
    /// The link.
    pub share: String,
}

impl KeptShare {
    /// What the owner is told of it.
    pub fn wire(&self, share: &str) -> Value {
        let mut wire = json!({
            "_id": self.id, "shareId": share, "conversationId": self.conversation,
        });
        if let Some(target) = self.target {
            wire["targetMessageId"] = json!(target);
        }
        wire
    }

    /// What the owner is told when the link of a conversation is asked for.
    pub fn wire_of_conversation(&self, share: &str) -> Value {
        let mut wire = self.wire(share);
        wire["success"] = true.into();
        wire["snapshotFiles"] = self.with_files.into();
        wire
    }
}

/// What a request to publish says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    /// The message up to whose level it goes.
    pub target: Option<String>,
    /// Whether the files shall be in it.
    pub with_files: bool,
}

impl Publishing {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let target = match body.get("targetMessageId") {
            None => None,
            Some(Value::String(target)) if !target.trim().is_empty() => Some(target.clone()),
            Some(_) => return Err(Unfit::new("targetMessageId", "must be a non-empty string")),
        };
        let with_files = match body.get("snapshotFiles") {
            None => true,
            Some(Value::Bool(with_files)) => *with_files,
            Some(_) => return Err(Unfit::new("snapshotFiles", "must be a boolean")),
        };
        Ok(Self { target, with_files })
    }
}

/// The messages on the levels up to the target's, out of a whole list in which parents come first. Nothing, when the target hangs on nothing: a
/// target that is wrong must not publish everything.
pub fn up_to(messages: Vec<Value>, target: &str) -> Vec<Value> {
    let mut levels: HashMap<&str, usize> = HashMap::from([(NO_PARENT, 0)]);
    for message in &messages {
        let id = message["messageId"].as_str();
        let parent = message["parentMessageId"].as_str();
        if let (Some(id), Some(level)) = (id, parent.and_then(|parent| levels.get(parent).copied()))
        {
            levels.insert(id, level + 1);
        }
    }
    let Some(deepest) = levels.get(target).copied().filter(|_| target != NO_PARENT) else {
        return Vec::new();
    };
    let told: HashSet<String> = levels
        .into_iter()
        .filter(|(_, level)| *level <= deepest)
        .map(|(id, _)| id.to_owned())
        .collect();
    let is_told = |message: &Value| {
        message["messageId"]
            .as_str()
            .is_some_and(|id| told.contains(id))
    };
    messages.into_iter().filter(is_told).collect()
}

/// Where a link that is published again without a target goes on: from the old target to the newest message that follows, and so on. Where
/// nothing follows it, from the newest later sibling, its own or that of one before it, that something follows.
pub fn tail(messages: &[Value], target: &str) -> String {
    let text =
        |message: &'_ Value, member: &str| message[member].as_str().unwrap_or_default().to_owned();
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    let mut parents: HashMap<String, String> = HashMap::new();
    // In the order of the list, so that the last one is the newest.
    for message in messages {
        let (id, parent) = (text(message, "messageId"), text(message, "parentMessageId"));
        children.entry(parent.clone()).or_default().push(id.clone());
        parents.insert(id, parent);
    }
    let newest = |of: &str| {
        children
            .get(of)
            .and_then(|children| children.last())
            .cloned()
    };
    let later = |id: &str| {
        let siblings = children.get(parents.get(id)?)?;
        let place = siblings.iter().position(|sibling| sibling == id)?;
        let mut later = siblings[place + 1..].iter().rev();
        later
            .find(|sibling| children.contains_key(*sibling))
            .cloned()
    };
    let mut current = target.to_owned();
    if newest(&current).is_none() {
        let mut above = current.clone();
        for _ in 0..messages.len() {
            if let Some(replacement) = later(&above) {
                current = replacement;
                break;
            }
            let Some(parent) = parents.get(&above) else {
                break;
            };
            above.clone_from(parent);
        }
    }
    for _ in 0..messages.len() {
        match newest(&current) {
            Some(next) => current = next,
            None => break,
        }
    }
    current
}

/// A conversation for whoever has its link; `messages` as the owner's client reads them, `salt` another one each time.
pub fn public(
    share: &str,
    kept: &KeptShare,
    created_at: Timestamp,
    updated_at: Timestamp,
    messages: &[Value],
    salt: &str,
) -> Value {
    let conversation = format!("convo_{salt}");
    let names: HashMap<&str, String> = messages
        .iter()
        .enumerate()
        .filter_map(|(index, message)| {
            Some((
                message["messageId"].as_str()?,
                format!("msg_{salt}{index:06}"),
            ))
        })
        .collect();
    let name = |message: &Value, member: &str| {
        let id = message[member].as_str().unwrap_or_default();
        names.get(id).map_or(NO_PARENT, String::as_str).to_owned()
    };
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| {
            let mut told = Map::new();
            told.insert("messageId".to_owned(), name(message, "messageId").into());
            told.insert(
                "parentMessageId".to_owned(),
                name(message, "parentMessageId").into(),
            );
            told.insert("conversationId".to_owned(), conversation.as_str().into());
            for member in TOLD {
                if let Some(value) = message.get(member) {
                    told.insert(member.to_owned(), value.clone());
                }
            }
            Value::Object(told)
        })
        .collect();
    json!({
        "shareId": share, "title": kept.title, "createdAt": created_at, "updatedAt": updated_at, "conversationId": conversation,
        "messages": messages,
    })
}

/// The title that is published.
pub fn title(title: Option<&str>) -> String {
    title.unwrap_or(UNTITLED).to_owned()
}

/// Which part of the list of links is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareList {
    is_by_title: bool,
    /// Whether the list begins with the last.
    pub is_descending: bool,
    /// Where the page begins.
    pub after: Option<Place>,
    /// How many rows it has.
    pub limit: usize,
    words: String,
}

impl ShareList {
    /// Reads the members of an address.
    ///
    /// # Errors
    /// A text that is too long, or a cursor that is none.
    pub fn read(member: impl Fn(&str) -> Option<String>) -> Result<Self, Unfit> {
        let words = member("search").unwrap_or_default();
        if words.trim().chars().count() > MAX_SEARCH {
            return Err(Unfit::new(
                "search",
                format!("must be {MAX_SEARCH} characters or fewer"),
            ));
        }
        let after = match member("cursor").filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => {
                let wrong = || Unfit::new("cursor", "is not valid for this sort");
                Some(Place::parse(&cursor).ok_or_else(wrong)?)
            }
        };
        let limit: Option<i64> = member("pageSize").and_then(|limit| limit.parse().ok());
        Ok(Self {
            is_by_title: member("sortBy").as_deref() == Some("title"),
            is_descending: member("sortDirection").as_deref() != Some("asc"),
            after,
            limit: limit.map_or(10, |limit| {
                usize::try_from(limit.clamp(1, 100)).unwrap_or(10)
            }),
            words: words.trim().to_lowercase(),
        })
    }

    /// A row, with where it stands; absent when it is not in the list.
    pub fn row(
        &self,
        share: &str,
        kept: &KeptShare,
        created_at: Timestamp,
    ) -> Option<(Place, Value)> {
        if !kept.title.to_lowercase().contains(&self.words) {
            return None;
        }
        let place = if self.is_by_title {
            Place::new(kept.title.as_str(), share)
        } else {
            Place::at(created_at, share)
        };
        let row = json!({
            "shareId": share, "title": kept.title, "createdAt": created_at, "conversationId": kept.conversation,
        });
        Some((place, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of messages with their parents.
    fn messages(list: &[(&str, &str)]) -> Vec<Value> {
        list.iter()
            .map(|(id, parent)| {
                let parent = if parent.is_empty() { NO_PARENT } else { parent };
                json!({"messageId": id, "parentMessageId": parent, "conversationId": "c", "text": id, "model": "m", "endpoint": "e",
                    "files": [{"file_id": "f"}], "metadata": {}, "feedback": {}, "isCreatedByUser": true})
            })
            .collect()
    }

    fn ids(messages: &[Value]) -> Vec<&str> {
        messages
            .iter()
            .filter_map(|message| message["messageId"].as_str())
            .collect()
    }

    /// Two answers, of which the second was continued.
    fn branches() -> Vec<Value> {
        messages(&[
            ("q", ""),
            ("a1", "q"),
            ("a2", "q"),
            ("q2", "a2"),
            ("a3", "q2"),
            ("lost", "gone"),
        ])
    }

    #[test]
    fn a_target_bounds_the_levels() {
        assert_eq!(ids(&up_to(branches(), "a1")), ["q", "a1", "a2"]);
        assert_eq!(ids(&up_to(branches(), "q")), ["q"]);
        assert_eq!(ids(&up_to(branches(), "a3")), ["q", "a1", "a2", "q2", "a3"]);
        for nothing in ["lost", "unknown", NO_PARENT, ""] {
            assert_eq!(ids(&up_to(branches(), nothing)), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn publishing_again_goes_on_where_the_conversation_did() {
        assert_eq!(tail(&branches(), "a2"), "a3");
        assert_eq!(tail(&branches(), "a1"), "a3");
        assert_eq!(tail(&branches(), "a3"), "a3");
        assert_eq!(tail(&branches(), "unknown"), "unknown");
        let circle = messages(&[("a", "b"), ("b", "a")]);
        assert!(["a", "b"].contains(&tail(&circle, "a").as_str()));
    }

    #[test]
    fn nothing_is_told_that_leads_back() {
        let at = Timestamp::from_millisecond(0).unwrap();
        let kept = KeptShare {
            id: "0".repeat(24),
            conversation: ConversationId::new(uuid::Uuid::max()),
            title: "T".to_owned(),
            until: 9,
            target: None,
            with_files: true,
            is_public: true,
        };
        let told = public("s", &kept, at, at, &up_to(branches(), "a1"), "x");
        let parents: Vec<&Value> = told["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| &message["parentMessageId"])
            .collect();
        assert_eq!(parents, [NO_PARENT, "msg_x000000", "msg_x000000"]);
        assert_eq!(
            told["messages"][1],
            json!({"messageId": "msg_x000001", "parentMessageId": "msg_x000000", "conversationId": "convo_x", "text": "a1", "isCreatedByUser": true})
        );
        assert!(!told.to_string().contains(&kept.conversation.to_string()));
    }

    #[test]
    fn what_is_no_publishing_is_refused() {
        for wrong in [
            json!({"targetMessageId": ""}),
            json!({"targetMessageId": null}),
            json!({"snapshotFiles": 1}),
        ] {
            assert!(
                Publishing::read(wrong.as_object().unwrap()).is_err(),
                "{wrong}"
            );
        }
        let read = |name: &'static str, value: String| {
            ShareList::read(move |member| (member == name).then(|| value.clone()))
        };
        assert!(read("search", "x".repeat(257)).is_err());
        assert!(read("cursor", "no cursor".to_owned()).is_err());
        assert_eq!(read("pageSize", "-5".to_owned()).unwrap().limit, 1);
    }
}
