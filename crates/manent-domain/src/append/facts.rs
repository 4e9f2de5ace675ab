//! What a store must tell about itself before an append can be decided.

use manent_types::{ConversationId, DeviceId, MessageId};

use super::change::ChangeFacts;
use super::submission::ConflictCause;
use crate::conversation::TitleSource;
use crate::error::Refusal;
use crate::message::Fingerprint;

/// A conversation before the append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationFacts {
    /// The `seq` of the newest message; 0 while there is none.
    pub last_seq: u64,
    /// Where its title came from.
    pub title_source: TitleSource,
    /// Whether it lies in the trash.
    pub trashed: bool,
    /// Whether it is one that goes by itself. One whose time is over is no fact any more.
    pub is_temporary: bool,
}

/// A stored message, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFacts {
    /// Where it belongs.
    pub conversation: ConversationId,
    /// The message that it follows.
    pub parent: Option<MessageId>,
    /// Its place.
    pub seq: u64,
    /// Of its role and content as they were appended, whatever edits came later.
    pub fingerprint: Fingerprint,
    /// It is an answer that a run writes or wrote: the server's own text, as good as what a client kept of the same answer.
    pub by_run: bool,
    /// A run is still writing it.
    pub is_running: bool,
}

/// How an item was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedAs {
    /// It can never be stored.
    Rejected(Refusal),
    /// Its id was taken.
    Conflict(ConflictCause),
    /// The message that it follows was refused.
    Blocked,
}

/// A number of a lane that was used up without storing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalFacts {
    /// The id of the refused item; absent when it could not be read.
    pub id: Option<MessageId>,
    /// How it was refused.
    pub refused_as: RefusedAs,
}

/// A store's answers about one owner's rows, as they are inside the transaction that will write the plan.
pub trait AppendFacts {
    /// The store's own error.
    type Error;

    /// The owner's conversation.
    ///
    /// # Errors
    /// When the store fails.
    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationFacts>, Self::Error>;

    /// The id of the conversation's newest message (the highest `seq`).
    ///
    /// # Errors
    /// When the store fails.
    fn newest_message(&mut self, id: ConversationId) -> Result<Option<MessageId>, Self::Error>;

    /// The last number applied in a lane; 0 for a new one.
    ///
    /// # Errors
    /// When the store fails.
    fn lane(&mut self, device: &DeviceId, conversation: ConversationId)
    -> Result<u64, Self::Error>;

    /// The owner's message, in whichever conversation.
    ///
    /// # Errors
    /// When the store fails.
    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, Self::Error>;

    /// What was refused at this place of a lane.
    ///
    /// # Errors
    /// When the store fails.
    fn refusal_at(
        &mut self,
        device: &DeviceId,
        conversation: ConversationId,
        device_seq: u64,
    ) -> Result<Option<RefusalFacts>, Self::Error>;

    /// The owner's applied change with this id, in whichever conversation.
    ///
    /// # Errors
    /// When the store fails.
    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, Self::Error>;

    /// Whether an item with this id was refused in any lane of the owner's.
    ///
    /// # Errors
    /// When the store fails.
    fn was_refused(&mut self, id: MessageId) -> Result<bool, Self::Error>;
}
