//! Conversations.

mod cursor;
mod labels;
mod patch;

use std::collections::BTreeSet;

use manent_types::{ConversationId, Extras, Label, ModelSettings, Timestamp};

pub use cursor::{ConversationCursor, ConversationOrder, CursorKey, OrderBy};
pub use labels::{LabelChange, MAX_LABELS};
pub use patch::{Bound, ConversationDates, ConversationPatch, Patched};

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
    /// When it was put away; absent where it was not.
    pub archived_at: Option<Timestamp>,
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
    /// When it goes for good; only a temporary one has it. A temporary conversation stands in no list, search, count or feed, nor does what
    /// belongs to it; from then on it is not there.
    pub expires_at: Option<Timestamp>,
    /// By which it is found again; at most [`MAX_LABELS`].
    pub labels: BTreeSet<Label>,
    /// What a surface keeps with it.
    pub extras: Extras,
}

impl Conversation {
    /// A conversation as it begins.
    pub fn begun(new: NewConversation, now: Timestamp) -> Self {
        Self {
            id: new.id,
            title_source: match new.title {
                Some(_) => TitleSource::User,
                None => TitleSource::None,
            },
            title: new.title,
            config: new.config,
            archived_at: None,
            pinned: false,
            trashed_at: None,
            last_seq: 0,
            created_at: now,
            updated_at: now,
            last_message_at: now,
            expires_at: new.expires_at,
            labels: new.labels,
            extras: new.extras,
        }
    }

    /// Whether it was put away.
    pub const fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// Whether it is one that goes by itself.
    pub const fn is_temporary(&self) -> bool {
        self.expires_at.is_some()
    }

    /// Whether its time is over: it is not there any more, though its rows may be.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
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
    /// When it goes for good; absent: it stays.
    pub expires_at: Option<Timestamp>,
    /// At most [`MAX_LABELS`].
    pub labels: BTreeSet<Label>,
    /// What a surface keeps with it.
    pub extras: Extras,
}

impl NewConversation {
    /// A plain one, without a title.
    pub fn new(id: ConversationId) -> Self {
        Self {
            id,
            title: None,
            config: ModelSettings::default(),
            expires_at: None,
            labels: BTreeSet::new(),
            extras: Extras::new(),
        }
    }
}

/// What became of a creation.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It is new.
    New(Conversation),
    /// The owner had it already; nothing changed.
    Existing(Conversation),
}

/// Which conversations a list shows, and in which order. Temporary ones stand in none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationFilter {
    /// Those put away, or those not. Not looked at for the trash.
    pub archived: bool,
    /// Those in the trash, or those not.
    pub trashed: bool,
    /// Only pinned ones, only others, or both.
    pub pinned: Option<bool>,
    /// Only those that have each of these labels.
    pub labels_all: Vec<Label>,
    /// Only those that have no label that begins with this.
    pub without_label_prefix: Option<String>,
    /// In which order.
    pub order: ConversationOrder,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<Item, Cursor> {
    /// The items in the list's order.
    pub items: Vec<Item>,
    /// Where the next page begins; absent at the end.
    pub next: Option<Cursor>,
}
