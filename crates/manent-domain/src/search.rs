//! Search over the titles and messages of one owner.

use manent_types::{ConversationId, MessageId, Role, Timestamp};

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Best match first (bm25).
    Relevance,
}

/// A search. Every word must occur; the last one may be the beginning of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// The words, each free of the store's query syntax; at least one, at most 16.
    pub words: Vec<String>,
    /// In which order.
    pub order: SearchOrder,
    /// How many hits at most.
    pub limit: usize,
    /// Where to go on: how many hits were seen (titles first, then messages), with the place of the last message.
    pub after: Option<SearchCursor>,
}

/// Where a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchCursor {
    /// After this many hits of a search by relevance.
    Offset(u64),
    /// Below this place of the store in a search by time; opaque to everybody but the store.
    Below(u64),
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPiece {
    /// The words as they stand in the message.
    pub text: String,
    /// True where they match.
    pub is_match: bool,
}

/// What matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HitKind {
    /// The title of the conversation.
    Title,
    /// A message.
    Message {
        /// Its id.
        id: MessageId,
        /// Its place.
        seq: u64,
        /// Who said it.
        role: Role,
    },
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// What matched.
    pub kind: HitKind,
    /// Where.
    pub conversation: ConversationId,
    /// The conversation's title.
    pub conversation_title: Option<String>,
    /// The words around the match.
    pub snippet: Vec<SnippetPiece>,
    /// When the message, or the conversation, was created.
    pub created_at: Timestamp,
}
