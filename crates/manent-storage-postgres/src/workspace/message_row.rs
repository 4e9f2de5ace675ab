//! A message as a group works on it.

use std::sync::Arc;

use manent_domain::message::Fingerprint;
use manent_types::{ConversationId, DeviceId, MessageId, MessageStatus, Role, RunId, Timestamp};

/// A message: what decisions need of it, and what is to be written.
#[derive(Debug, Clone)]
pub(crate) struct MessageRow {
    pub(crate) conversation: ConversationId,
    pub(crate) parent: Option<MessageId>,
    pub(crate) seq: u64,
    pub(crate) role: Role,
    pub(crate) status: MessageStatus,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) run: Option<RunId>,
    /// The position of its run's log up to which its content goes.
    pub(crate) run_position: u64,
    pub(crate) edited_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    /// As JSON; absent when it was not loaded and stays.
    pub(crate) content: Option<Arc<str>>,
    /// Whether the content is to be written.
    pub(crate) is_rewritten: bool,
    /// What a surface keeps with it, as JSON; known where the content is. Absent when that is nothing.
    pub(crate) extras: Option<String>,
    /// Whether the extras of a message that is there are to be written.
    pub(crate) is_annotated: bool,
    /// To be written; absent: stays.
    pub(crate) made_by: Option<MadeBy>,
    /// Of a message that is not in the database yet.
    pub(crate) birth: Option<Birth>,
    /// What the search knows.
    pub(crate) words: WordsChange,
}

/// Who made a message, and what it cost.
#[derive(Debug, Clone)]
pub(crate) struct MadeBy {
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    /// As JSON.
    pub(crate) usage: Option<String>,
}

/// What only a new message writes.
#[derive(Debug, Clone)]
pub(crate) struct Birth {
    pub(crate) lane: Option<(DeviceId, u64)>,
    pub(crate) created_at: Timestamp,
    pub(crate) stored_at: Timestamp,
}

/// What becomes of a message's words in the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WordsChange {
    /// They stay.
    Stay,
    /// It is found by these, as a `tsvector`.
    Set(Arc<str>),
    /// It is not found.
    Clear,
}

impl MessageRow {
    /// Whether the search may find it.
    pub(crate) fn is_findable(&self) -> bool {
        is_findable(self.deleted_at, self.run, self.status)
    }
}

/// Whether the search may find a message: not what was deleted, nor an answer that is still being written.
pub(crate) fn is_findable(
    deleted_at: Option<Timestamp>,
    run: Option<RunId>,
    status: MessageStatus,
) -> bool {
    deleted_at.is_none() && (run.is_none() || status != MessageStatus::Running)
}
