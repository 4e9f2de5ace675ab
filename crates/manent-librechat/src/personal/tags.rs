//! Tags of conversations. The conversations carry them as labels; what they are beside that is kept here.
//!
//! Invariant: whatever is counted is in the list, also a tag that came with a conversation and was never made as such.

use std::collections::BTreeMap;

use manent_types::{Label, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Unfit, line, text};
use crate::wire::TAG_LABEL;

/// The kind of the documents. A document's id is the tag.
pub const KIND: &str = "librechat.tag";

/// The longest in characters.
const MAX_TAG: usize = 128;

/// The longest description in characters.
const MAX_DESCRIPTION: usize = 1048;

/// What is kept of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTag {
    /// 24 hexadecimal digits, which stay when it is renamed.
    pub id: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it stands; equal ones are ordered by their making.
    pub position: u64,
}

/// A tag as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The tag itself.
    pub tag: String,
    /// What is kept of it.
    pub kept: KeptTag,
    /// How many conversations have it.
    pub count: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Tag {
    /// As the client reads it; `user` by the client's kind of id.
    pub fn wire(&self, user: &str) -> Value {
        let mut wire = json!({
            "_id": self.kept.id, "tag": self.tag, "count": self.count, "position": self.kept.position, "user": user,
            "createdAt": self.created_at, "updatedAt": self.updated_at,
        });
        if let Some(description) = &self.kept.description {
            wire["description"] = description.as_str().into();
        }
        wire
    }
}

/// Puts tags in their order and gives each its place in it, from 1 on; after them those that are only counted, with the ids that `id` makes.
pub fn ordered(
    mut tags: Vec<Tag>,
    counts: &BTreeMap<Label, u64>,
    id: impl Fn(&str) -> String,
) -> Vec<Tag> {
    let mut counts: BTreeMap<&str, u64> = counts
        .iter()
        .filter_map(|(label, count)| Some((label.as_str().strip_prefix(TAG_LABEL)?, *count)))
        .collect();
    tags.sort_by(|one, other| {
        let place = |tag: &Tag| (tag.kept.position, tag.created_at);
        place(one)
            .cmp(&place(other))
            .then_with(|| one.tag.cmp(&other.tag))
    });
    for tag in &mut tags {
        tag.count = counts.remove(tag.tag.as_str()).unwrap_or(0);
    }
    tags.extend(counts.into_iter().map(|(tag, count)| Tag {
        tag: tag.to_owned(),
        kept: KeptTag {
            id: id(tag),
            description: None,
            position: 0,
        },
        count,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }));
    for (place, tag) in (1..).zip(&mut tags) {
        tag.kept.position = place;
    }
    tags
}

/// Moves one of these tags, which are in order, to a place; the others make room.
pub fn moved(mut tags: Vec<Tag>, tag: &str, to: u64) -> Vec<Tag> {
    if let Some(from) = tags.iter().position(|one| one.tag == tag) {
        let one = tags.remove(from);
        let to = usize::try_from(to.saturating_sub(1)).unwrap_or(usize::MAX);
        tags.insert(to.min(tags.len()), one);
    }
    for (place, tag) in (1..).zip(&mut tags) {
        tag.kept.position = place;
    }
    tags
}

/// The label that conversations with a tag carry.
///
/// # Errors
/// When it is no tag.
pub fn label(tag: &str) -> Result<Label, Unfit> {
    let map = Map::from_iter([("tag".to_owned(), Value::from(tag))]);
    let tag = line(&map, "tag", MAX_TAG)?.unwrap_or_default();
    format!("{TAG_LABEL}{tag}")
        .parse()
        .map_err(|_| Unfit::new("tag", "is no tag"))
}

/// A tag to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTag {
    /// The tag itself.
    pub tag: String,
    /// What it is about.
    pub description: Option<String>,
    /// The conversation that gets it.
    pub conversation: Option<String>,
}

impl NewTag {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let tag = line(body, "tag", MAX_TAG)?;
        let adds = body.get("addToConversation") == Some(&Value::Bool(true));
        let conversation = text(body, "conversationId", MAX_TAG)?;
        Ok(Self {
            tag: tag.ok_or_else(|| Unfit::new("tag", "is required"))?,
            description: text(body, "description", MAX_DESCRIPTION)?,
            conversation: conversation.filter(|_| adds),
        })
    }
}

/// A change of a tag; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagChange {
    /// Another name.
    pub tag: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Another place, from 1 on.
    pub position: Option<u64>,
}

impl TagChange {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong about it.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Unfit> {
        let position = match body.get("position") {
            None | Some(Value::Null) => None,
            Some(position) => {
                let position = position.as_u64();
                Some(position.ok_or_else(|| Unfit::new("position", "must be a whole number"))?)
            }
        };
        Ok(Self {
            // The form sends the whole tag, an empty text where nothing was filled in.
            tag: match body.get("tag") {
                Some(Value::String(tag)) if tag.is_empty() => None,
                _ => line(body, "tag", MAX_TAG)?,
            },
            description: text(body, "description", MAX_DESCRIPTION)?,
            position,
        })
    }
}

/// The tags that a conversation shall have, as labels.
///
/// # Errors
/// What is wrong about the request.
pub fn wanted(body: &Map<String, Value>) -> Result<Vec<Label>, Unfit> {
    let wrong = || Unfit::new("tags", "must be a list of texts");
    let tags = body.get("tags").and_then(Value::as_array);
    let tags = tags.ok_or_else(wrong)?.iter();
    tags.map(|tag| label(tag.as_str().ok_or_else(wrong)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(tag: &str, position: u64) -> Tag {
        Tag {
            tag: tag.to_owned(),
            kept: KeptTag {
                id: tag.to_owned(),
                description: None,
                position,
            },
            count: 0,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    fn places(tags: &[Tag]) -> Vec<(&str, u64, u64)> {
        let place = |tag: &'_ Tag| (tag.kept.position, tag.count);
        tags.iter()
            .map(|tag| (tag.tag.as_str(), place(tag).0, place(tag).1))
            .collect()
    }

    #[test]
    fn what_is_counted_is_in_the_list() {
        let counts = BTreeMap::from([(label("b").unwrap(), 2), (label("new").unwrap(), 1)]);
        let tags = ordered(
            vec![tag("b", 7), tag("a", 7), tag("c", 1)],
            &counts,
            str::to_owned,
        );
        assert_eq!(
            places(&tags),
            [("c", 1, 0), ("a", 2, 0), ("b", 3, 2), ("new", 4, 1)]
        );
    }

    #[test]
    fn a_tag_moves_and_the_others_make_room() {
        let tags = || {
            ordered(
                vec![tag("a", 1), tag("b", 2), tag("c", 3)],
                &BTreeMap::new(),
                str::to_owned,
            )
        };
        assert_eq!(
            places(&moved(tags(), "c", 1)),
            [("c", 1, 0), ("a", 2, 0), ("b", 3, 0)]
        );
        assert_eq!(
            places(&moved(tags(), "a", u64::MAX)),
            [("b", 1, 0), ("c", 2, 0), ("a", 3, 0)]
        );
        assert_eq!(
            places(&moved(tags(), "b", 0)),
            [("b", 1, 0), ("a", 2, 0), ("c", 3, 0)]
        );
        assert_eq!(moved(tags(), "unknown", 1), tags());
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let long = "x".repeat(129);
        for wrong in ["", "  ", "a\nb", long.as_str()] {
            assert!(label(wrong).is_err(), "{wrong:?}");
            let body = Map::from_iter([("tag".to_owned(), Value::from(wrong))]);
            assert!(NewTag::read(&body).is_err(), "{wrong:?}");
        }
        assert_eq!(label(&"x".repeat(128)).unwrap().as_str().len(), 132);
        for wrong in [
            json!({}),
            json!({"tags": "a"}),
            json!({"tags": [1]}),
            json!({"tags": [""]}),
        ] {
            assert!(wanted(wrong.as_object().unwrap()).is_err(), "{wrong}");
        }
    }
}
