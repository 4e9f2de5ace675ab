//! What others may want to know after an append.

use manent_types::{ConversationId, UserId};

/// A conversation just got its first words and has only a cut of them as its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleWanted {
    /// Whose.
    pub owner: UserId,
    /// Which.
    pub conversation: ConversationId,
    /// The person's first message.
    pub first_message: String,
}

/// Is told about appends after they are durable. Must return at once and never fail: it hands over and goes.
pub trait AppendListener: Send + Sync {
    /// A title could be made now.
    fn title_wanted(&self, wanted: TitleWanted);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct IgnoreAppends;

impl AppendListener for IgnoreAppends {
    fn title_wanted(&self, _: TitleWanted) {}
}
