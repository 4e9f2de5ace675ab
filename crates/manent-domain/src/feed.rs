//! The feed: what changed for an owner, without gaps.
//!
//! Invariants: an owner's changes are numbered 1, 2, 3 … in the order in which they were committed; a change is written in the
//! transaction that makes it. A change names what changed; a reader gets it as it is when it reads. Reading all changes after any
//! cursor therefore brings a reader from the state at that cursor to the present one.

use std::collections::HashSet;

use manent_types::{ConversationId, MessageId, RunId, Timestamp};

use crate::conversation::Conversation;
use crate::message::Message;
use crate::run::Run;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A conversation: created, renamed, moved, trashed.
    Conversation(ConversationId),
    /// A message: stored, edited, deleted, brought to its end.
    Message(MessageId),
    /// A run: begun, ended.
    Run(RunId),
}

/// A changed thing, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// A conversation.
    Conversation(Conversation),
    /// A message.
    Message(Message),
    /// A run.
    Run(Run),
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its number.
    pub seq: u64,
    /// When it was made, by the server's clock.
    pub at: Timestamp,
    /// What changed, as it is now.
    pub changed: Changed,
}

/// A piece of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// In the order of their numbers, without holes.
    pub changes: Vec<Change>,
    /// The number of the newest change of all, in the same moment; 0 while there is none.
    pub head: u64,
}

/// The subjects of one unit of work as they go into the feed: each once, the messages first, then the conversations, then the runs, each kind
/// in the order given. Of one owner.
pub fn in_feed_order(subjects: impl IntoIterator<Item = Subject>) -> Vec<Subject> {
    let mut seen = HashSet::new();
    let mut ordered: Vec<Subject> = subjects
        .into_iter()
        .filter(|subject| seen.insert(*subject))
        .collect();
    ordered.sort_by_key(|subject| match subject {
        Subject::Message(_) => 0,
        Subject::Conversation(_) => 1,
        Subject::Run(_) => 2,
    });
    ordered
}
