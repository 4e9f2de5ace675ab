//! Changes of what is stored: items of an append beside messages, with the same numbers in the same lanes.
//!
//! Invariants: nothing is taken away for good (an edit keeps what was there before, a deletion is a mark), and a change is applied at
//! most once, known again by its id.

use manent_types::{ConversationId, MessageId, Part};
use serde_json::Error as JsonError;
use sha2::{Digest, Sha256};

use crate::message::Fingerprint;

/// What a change does.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeKind {
    /// Replaces a message's content; what was there before is kept with the change.
    Edit {
        /// The message.
        message: MessageId,
        /// Its new content; never empty.
        content: Vec<Part>,
    },
    /// Marks a message as deleted. Its place in the conversation stays.
    Delete {
        /// The message.
        message: MessageId,
    },
    /// Takes that mark away: the same bytes are back.
    Undelete {
        /// The message.
        message: MessageId,
    },
    /// Puts the conversation into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
}

impl ChangeKind {
    /// The kind as it stands on the wire and in the stores.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::Undelete { .. } => "undelete",
            Self::Trash => "trash",
            Self::Restore => "restore",
        }
    }

    /// The message that it changes; absent when it changes the conversation.
    pub const fn message(&self) -> Option<MessageId> {
        match self {
            Self::Edit { message, .. } | Self::Delete { message } | Self::Undelete { message } => {
                Some(*message)
            }
            Self::Trash | Self::Restore => None,
        }
    }

    /// The change boiled down to 16 bytes: SHA-256 over its name, its message and its content's JSON, each with a line feed, cut to 16
    /// bytes. Frozen, as [`Fingerprint::of`] is.
    ///
    /// # Errors
    /// When the content cannot be written as JSON, which valid parts always can.
    pub fn fingerprint(&self) -> Result<Fingerprint, JsonError> {
        let mut hasher = Sha256::new();
        hasher.update(self.name());
        hasher.update(b"\n");
        if let Some(message) = self.message() {
            hasher.update(message.to_string());
        }
        hasher.update(b"\n");
        if let Self::Edit { content, .. } = self {
            hasher.update(serde_json::to_vec(content)?);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize()[..16]);
        Ok(Fingerprint(bytes))
    }
}

/// A change that passed validation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChange {
    /// Minted by the client or the service. Changes and messages have ids of one kind, looked up apart.
    pub id: MessageId,
    /// What it does.
    pub kind: ChangeKind,
    /// Of the kind.
    pub fingerprint: Fingerprint,
}

/// A change that was applied, as far as the decision needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeFacts {
    /// Where it was applied.
    pub conversation: ConversationId,
    /// What it was.
    pub fingerprint: Fingerprint,
    /// The place that was answered then.
    pub seq: u64,
}

/// A change to apply and to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedChange {
    /// The submission's index in the batch.
    pub item: usize,
    /// The place that is answered.
    pub seq: u64,
}
