//! Search over the titles and messages of one owner.

use manent_types::{ConversationId, MessageId, Role, Timestamp};

use crate::conversation::Page;

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
    /// Where to go on; absent: at the beginning.
    pub after: Option<SearchCursor>,
}

/// Where a search goes on: titles and messages are read each for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    /// How many titles were seen; absent: all of them.
    pub titles: Option<u64>,
    /// Behind which message; absent: all of them were seen.
    pub messages: Option<MessagePlace>,
}

/// Which messages were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagePlace {
    /// So many, of a search by relevance.
    Offset(u64),
    /// All down to this place of the store, of a search by time; opaque to everybody but the store.
    Below(u64),
}

impl SearchQuery {
    /// How many titles were seen; absent when there is none left, so that none is to be looked for.
    pub const fn titles_seen(&self) -> Option<u64> {
        match self.after {
            None => Some(0),
            Some(cursor) => cursor.titles,
        }
    }

    /// Where the messages go on; absent when there is none left.
    pub fn messages_after(&self) -> Option<MessagePlace> {
        let beginning = match self.order {
            SearchOrder::Newest => MessagePlace::Below(u64::MAX),
            SearchOrder::Relevance => MessagePlace::Offset(0),
        };
        self.after.map_or(Some(beginning), |cursor| cursor.messages)
    }

    /// How many titles a page begins with, where it has messages too: at most a quarter, rounded up.
    const fn usual_titles(&self) -> usize {
        self.limit.div_ceil(4)
    }

    /// How many titles, or messages, the store has to look for: one more than a page has room for, which tells whether there are more.
    pub const fn wanted(&self) -> usize {
        self.limit.saturating_add(1)
    }

    /// Puts a page together: titles first, at most a quarter of it, unless there are too few messages to fill it; then messages. Both lists
    /// are in order, what [`Self::titles_seen`] and [`Self::messages_after`] say was seen left out, and have at most [`Self::wanted`] entries;
    /// each message stands behind its place in the store.
    pub fn page(
        &self,
        titles: Vec<SearchHit>,
        messages: Vec<(u64, SearchHit)>,
    ) -> Page<SearchHit, SearchCursor> {
        let first = titles.len().min(self.usual_titles());
        let message_count = messages.len().min(self.limit.saturating_sub(first));
        let title_count = titles.len().min(self.limit.saturating_sub(message_count));
        let more_titles = titles.len() > title_count;
        let more_messages = messages.len() > message_count;
        let mut items: Vec<SearchHit> = titles.into_iter().take(title_count).collect();
        let mut last = None;
        for (place, hit) in messages.into_iter().take(message_count) {
            last = Some(place);
            items.push(hit);
        }
        let seen = self.titles_seen().unwrap_or(0);
        let after = self.messages_after().map(|after| match after {
            MessagePlace::Offset(offset) => {
                MessagePlace::Offset(offset.saturating_add(message_count as u64))
            }
            MessagePlace::Below(below) => MessagePlace::Below(last.unwrap_or(below)),
        });
        let next = SearchCursor {
            titles: more_titles.then(|| seen.saturating_add(title_count as u64)),
            messages: after.filter(|_| more_messages),
        };
        let has_more = more_titles || more_messages;
        Page {
            items,
            next: has_more.then_some(next),
        }
    }
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
