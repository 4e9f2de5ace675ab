//! The order of a list of conversations, and places in it.

use manent_types::{ConversationId, Timestamp};

use super::Conversation;

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OrderBy {
    /// When a message was stored last.
    #[default]
    LastMessage,
    /// When it was created.
    Created,
    /// When anything about it changed last.
    Updated,
    /// By the bytes of its title; one without a title as if it were empty.
    Title,
    /// When it was put away; one that was not as if that had been in 1970.
    Archived,
}

impl OrderBy {
    /// Every order.
    pub const ALL: [Self; 5] = [
        Self::LastMessage,
        Self::Created,
        Self::Updated,
        Self::Title,
        Self::Archived,
    ];
}

/// The order of a list; what is equal goes by the id, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConversationOrder {
    /// By what.
    pub by: OrderBy,
    /// The newest, or the last of the alphabet, first.
    pub descending: bool,
}

impl Default for ConversationOrder {
    /// The one with the newest message first.
    fn default() -> Self {
        Self {
            by: OrderBy::LastMessage,
            descending: true,
        }
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CursorKey {
    /// A time, for every order but that of titles.
    Time(Timestamp),
    /// A title.
    Text(String),
}

/// A place in a list; it fits lists of one order only ([`Self::fits`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversationCursor {
    /// Of the last conversation seen.
    pub key: CursorKey,
    /// Of the last conversation seen.
    pub id: ConversationId,
}

impl ConversationCursor {
    /// The place of a conversation.
    pub fn of(conversation: &Conversation, by: OrderBy) -> Self {
        Self {
            key: match by {
                OrderBy::LastMessage => CursorKey::Time(conversation.last_message_at),
                OrderBy::Created => CursorKey::Time(conversation.created_at),
                OrderBy::Updated => CursorKey::Time(conversation.updated_at),
                OrderBy::Title => CursorKey::Text(conversation.title.clone().unwrap_or_default()),
                OrderBy::Archived => {
                    CursorKey::Time(conversation.archived_at.unwrap_or(Timestamp::EPOCH))
                }
            },
            id: conversation.id,
        }
    }

    /// Whether it is a place in lists of this order.
    pub const fn fits(&self, by: OrderBy) -> bool {
        matches!(self.key, CursorKey::Text(_)) == matches!(by, OrderBy::Title)
    }
}
