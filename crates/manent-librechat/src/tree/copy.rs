//! Messages to be stored as new ones.

use std::collections::HashMap;

use manent_domain::message::Message;
use manent_types::{Extras, MessageId, MessageStatus, Part, Role, Timestamp, Usage};

use super::{Node, arranged};

/// A message to be stored: parents come before their children.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its new id.
    pub id: MessageId,
    /// The new id of the one that it follows.
    pub parent: Option<MessageId>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How it came to its end.
    pub status: MessageStatus,
    /// The model that made it.
    pub model: Option<String>,
    /// The provider that made it.
    pub provider: Option<String>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// When it was written: later than its parent.
    pub created_at: Timestamp,
    /// What is kept beside it.
    pub extras: Extras,
}

/// Whether there is anything that can be stored.
pub fn says_something(content: &[Part]) -> bool {
    content.iter().any(|part| match part {
        Part::Text { text } | Part::Reasoning { text, .. } => !text.is_empty(),
        _ => true,
    })
}

/// The messages that can be copied. What followed a deleted or an empty one follows what that one followed.
pub fn nodes(messages: &[Message]) -> Vec<Node<MessageId>> {
    let is_there =
        |message: &Message| message.deleted_at.is_none() && says_something(&message.content);
    let gone: HashMap<MessageId, Option<MessageId>> = messages
        .iter()
        .filter(|message| !is_there(message))
        .map(|message| (message.id, message.parent))
        .collect();
    let there = messages.iter().filter(|message| is_there(message));
    let of = |message: &Message| {
        let mut parent = message.parent;
        // Parents have lower places, so this ends; the bound is for a store that is damaged.
        for _ in 0..=gone.len() {
            match parent.and_then(|parent| gone.get(&parent)) {
                Some(further) => parent = *further,
                None => break,
            }
        }
        Node {
            id: message.id,
            parent,
            at: message.created_at,
        }
    };
    there.map(of).collect()
}

/// Copies of the chosen ones among the messages, under new ids.
pub fn copied(
    messages: &[Message],
    chosen: &[Node<MessageId>],
    mut new_id: impl FnMut() -> MessageId,
) -> Vec<Draft> {
    let by_id: HashMap<MessageId, &Message> = messages
        .iter()
        .map(|message| (message.id, message))
        .collect();
    let chosen: Vec<(Node<MessageId>, &Message)> = chosen
        .iter()
        .filter_map(|node| Some((*node, *by_id.get(&node.id)?)))
        .collect();
    let nodes: Vec<Node<MessageId>> = chosen.iter().map(|(node, _)| *node).collect();
    let mut drafts: Vec<Draft> = Vec::with_capacity(nodes.len());
    for place in arranged(&nodes) {
        let (_, message) = chosen[place.node];
        drafts.push(Draft {
            id: new_id(),
            parent: place.parent.map(|parent| drafts[parent].id),
            role: message.role,
            content: message.content.clone(),
            status: match message.status {
                // What goes on being written there ends here.
                MessageStatus::Running => MessageStatus::Interrupted,
                other => other,
            },
            model: message.model.clone(),
            provider: message.provider.clone(),
            usage: message.usage,
            created_at: place.at,
            extras: message.extras.clone(),
        });
    }
    drafts
}
