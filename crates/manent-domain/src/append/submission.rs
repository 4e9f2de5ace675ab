//! What goes into an append and what comes out.

use manent_types::{
    ConversationId, DeviceId, Extras, MessageId, MessageStatus, Part, Role, Timestamp, Usage,
};

use super::change::NewChange;
use crate::error::Refusal;
use crate::message::Fingerprint;

/// Which message a new one follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentRef {
    /// The newest message of the conversation at the moment of storing; a root when there is none.
    Newest,
    /// None: it begins a branch.
    Root,
    /// This one.
    Message(MessageId),
}

/// A place in a lane (device and conversation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePosition {
    /// The device.
    pub device: DeviceId,
    /// 1, 2, 3 … per device and conversation.
    pub device_seq: u64,
}

/// A message that passed validation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// Minted by the client or the service.
    pub id: MessageId,
    /// Which message it follows.
    pub parent: ParentRef,
    /// Who said it.
    pub role: Role,
    /// What was said; never empty.
    pub content: Vec<Part>,
    /// Of role and content.
    pub fingerprint: Fingerprint,
    /// How it came to its end.
    pub status: MessageStatus,
    /// The model that made it.
    pub model: Option<String>,
    /// The provider that made it.
    pub provider: Option<String>,
    /// What it cost.
    pub usage: Option<Usage>,
    /// By the client's clock; absent: the time of storing.
    pub created_at: Option<Timestamp>,
    /// What a surface keeps with it; not in the fingerprint, so a resend with others is a duplicate and changes nothing.
    pub extras: Extras,
}

/// What an item of an append wants to do.
#[derive(Debug, Clone, PartialEq)]
pub enum NewItem {
    /// Store a message.
    Message(NewMessage),
    /// Change what is stored.
    Change(NewChange),
}

impl NewItem {
    /// The message, if it is one.
    pub const fn as_message(&self) -> Option<&NewMessage> {
        match self {
            Self::Message(message) => Some(message),
            Self::Change(_) => None,
        }
    }
}

impl From<NewMessage> for NewItem {
    fn from(message: NewMessage) -> Self {
        Self::Message(message)
    }
}

impl From<NewChange> for NewItem {
    fn from(change: NewChange) -> Self {
        Self::Change(change)
    }
}

/// One item of an append.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Where it goes.
    pub conversation: ConversationId,
    /// Its place in a lane; absent for a plain message.
    pub lane: Option<LanePosition>,
    /// The item's id (of the message, or of the change), also of one that did not pass validation; absent when it cannot be read.
    pub id: Option<MessageId>,
    /// What it wants, or why that can never be done. A refused one still takes its number in its lane.
    pub body: Result<NewItem, Refusal>,
}

impl Submission {
    /// The message, if the item is one that passed validation.
    pub fn message(&self) -> Option<&NewMessage> {
        self.body.as_ref().ok().and_then(NewItem::as_message)
    }
}

/// Why an item is in conflict with what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictCause {
    /// The id belongs to a message with other content, another parent or another conversation.
    IdTaken,
    /// The lane's number was used by another message.
    DeviceSeqTaken,
}

impl ConflictCause {
    /// The stable code, as it stands on the wire and in the stores.
    pub const fn code(self) -> &'static str {
        match self {
            Self::IdTaken => "id_taken",
            Self::DeviceSeqTaken => "device_seq_taken",
        }
    }

    /// The cause with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::IdTaken, Self::DeviceSeqTaken]
            .into_iter()
            .find(|cause| cause.code() == code)
    }
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, at this place.
    Stored {
        /// The message's `seq`; for a change that of the message that it changes, or the conversation's newest.
        seq: u64,
    },
    /// This very item is there already, at this place.
    Duplicate {
        /// As for `Stored`.
        seq: u64,
    },
    /// Something else is there; nothing changed.
    Conflict(ConflictCause),
    /// An earlier number of the lane is missing.
    Gap {
        /// The number with which to go on.
        expected: u64,
    },
    /// It can never be stored.
    Rejected(Refusal),
    /// The message that it follows was refused.
    Blocked,
}

/// What became of an item, with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemOutcome {
    /// The item's id; absent when it could not be read.
    pub id: Option<MessageId>,
    /// What became of it.
    pub outcome: Outcome,
}
