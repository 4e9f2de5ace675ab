//! Conversations.

use manent_types::{ConversationId, ModelSettings, Timestamp};

/// Where a conversation's title came from; later kinds win over earlier ones and are never overwritten by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TitleSource {
    /// There is none yet.
    None,
    /// A cut of the first message.
    Cut,
    /// Made by a model.
    Generated,
    /// Set by the person.
    User,
}

impl TitleSource {
    /// The source as it stands on the wire and in the stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cut => "cut",
            Self::Generated => "generated",
            Self::User => "user",
        }
    }

    /// The source with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Cut, Self::Generated, Self::User]
            .into_iter()
            .find(|source| source.as_str() == name)
    }
}

/// A conversation as its owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Unique for the owner.
    pub id: ConversationId,
    /// Absent while there is none.
    pub title: Option<String>,
    /// Where the title came from.
    pub title_source: TitleSource,
    /// Model settings.
    pub config: ModelSettings,
    /// Put away, but not deleted.
    pub archived: bool,
    /// Kept on top of the list.
    pub pinned: bool,
    /// When it was put into the trash; absent outside of it.
    pub trashed_at: Option<Timestamp>,
    /// The `seq` of the newest message; 0 while there is none.
    pub last_seq: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// When a message was stored last, or when it was created; lists are ordered by it.
    pub last_message_at: Timestamp,
}

/// What creates a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConversation {
    /// Minted by the client or the service.
    pub id: ConversationId,
    /// A title set by the person.
    pub title: Option<String>,
    /// Model settings.
    pub config: ModelSettings,
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It is new.
    New(Conversation),
    /// The owner had it already; nothing changed.
    Existing(Conversation),
}

/// Changes to a conversation; what is absent stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversationPatch {
    /// A title set by the person.
    pub title: Option<String>,
    /// Replaces the settings as a whole.
    pub config: Option<ModelSettings>,
    /// Puts it away or takes it back.
    pub archived: Option<bool>,
    /// Pins or unpins it.
    pub pinned: Option<bool>,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Those put away, or those not. Not looked at for the trash.
    pub archived: bool,
    /// Those in the trash, or those not.
    pub trashed: bool,
    /// Only pinned ones, only others, or both.
    pub pinned: Option<bool>,
}

/// A place in the list, which is ordered by `(last_message_at, id)`, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationCursor {
    /// Of the last conversation seen.
    pub last_message_at: Timestamp,
    /// Of the last conversation seen.
    pub id: ConversationId,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<Item, Cursor> {
    /// The items in the list's order.
    pub items: Vec<Item>,
    /// Where the next page begins; absent at the end.
    pub next: Option<Cursor>,
}
