//! The port of search: words are runs of letters and digits, compared in lower case.

use std::cmp::Reverse;
use std::ops::Range;

use async_trait::async_trait;
use manent_domain::conversation::{Conversation, Page};
use manent_domain::ports::{SearchRepository, StoreError};
use manent_domain::search::{
    HitKind, MessagePlace, SearchCursor, SearchHit, SearchOrder, SearchQuery, SnippetPiece,
};
use manent_types::{MessageStatus, UserId, text_of};

use crate::MemoryStore;
use crate::state::{State, StoredMessage};

/// The words of a snippet, at most.
const SNIPPET_WORDS: usize = 24;

#[async_trait]
impl SearchRepository for MemoryStore {
    async fn search(
        &self,
        owner: UserId,
        query: SearchQuery,
    ) -> Result<Page<SearchHit, SearchCursor>, StoreError> {
        let state = self.state();
        let titles = match query.titles_seen() {
            Some(seen) => titles(&state, owner, &query, seen),
            None => Vec::new(),
        };
        let messages = match query.messages_after() {
            Some(after) => messages(&state, owner, &query, after),
            None => Vec::new(),
        };
        Ok(query.page(titles, messages))
    }
}

struct Found {
    place: u64,
    score: f64,
    hit: SearchHit,
}

fn titles(state: &State, owner: UserId, query: &SearchQuery, seen: u64) -> Vec<SearchHit> {
    let mut found: Vec<Found> = Vec::new();
    for (place, (whose, conversation)) in state.conversations.iter().enumerate() {
        let title = conversation.title.as_deref().unwrap_or_default();
        if *whose != owner || !is_searched(conversation) {
            continue;
        }
        if let Some(matched) = find(title, &query.words) {
            let hit = SearchHit {
                kind: HitKind::Title,
                conversation: conversation.id,
                conversation_title: conversation.title.clone(),
                snippet: matched.snippet(title),
                created_at: conversation.created_at,
            };
            found.push(Found {
                place: place as u64,
                score: matched.score(),
                hit,
            });
        }
    }
    sort(&mut found, query.order);
    let unseen = found.into_iter().skip(saturated(seen));
    unseen.take(query.wanted()).map(|found| found.hit).collect()
}

/// Neither the trash nor temporary conversations.
const fn is_searched(conversation: &Conversation) -> bool {
    conversation.trashed_at.is_none() && !conversation.is_temporary()
}

fn messages(
    state: &State,
    owner: UserId,
    query: &SearchQuery,
    after: MessagePlace,
) -> Vec<(u64, SearchHit)> {
    let mut found = Vec::new();
    for (place, stored) in state.messages.iter().enumerate() {
        let place = place as u64;
        let is_below = match after {
            MessagePlace::Below(below) => place < below,
            MessagePlace::Offset(_) => true,
        };
        let conversation = state.conversation(owner, stored.message.conversation);
        if stored.owner != owner || !is_below {
            continue;
        }
        if let Some(conversation) = conversation.filter(|found| is_searched(found))
            && let Some((score, hit)) = message_hit(stored, conversation, &query.words)
        {
            found.push(Found { place, score, hit });
        }
    }
    sort(&mut found, query.order);
    let seen = match after {
        MessagePlace::Offset(offset) => saturated(offset),
        MessagePlace::Below(_) => 0,
    };
    let unseen = found.into_iter().skip(seen).take(query.wanted());
    unseen.map(|found| (found.place, found.hit)).collect()
}

fn saturated(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn message_hit(
    stored: &StoredMessage,
    conversation: &Conversation,
    words: &[String],
) -> Option<(f64, SearchHit)> {
    // Neither what was deleted nor an answer that is still being written.
    let is_written =
        stored.message.run.is_none() || stored.message.status != MessageStatus::Running;
    if stored.message.deleted_at.is_some() || !is_written {
        return None;
    }
    let text = text_of(&stored.message.content);
    let matched = find(&text, words)?;
    let hit = SearchHit {
        kind: HitKind::Message {
            id: stored.message.id,
            seq: stored.message.seq,
            role: stored.message.role,
        },
        conversation: conversation.id,
        conversation_title: conversation.title.clone(),
        snippet: matched.snippet(&text),
        created_at: stored.message.created_at,
    };
    Some((matched.score(), hit))
}

fn sort(found: &mut [Found], order: SearchOrder) {
    match order {
        SearchOrder::Newest => found.sort_by_key(|found| Reverse(found.place)),
        SearchOrder::Relevance => found.sort_by(|one, other| other.score.total_cmp(&one.score)),
    }
}

/// The words of a text and which of them match.
struct Matched {
    words: Vec<(Range<usize>, bool)>,
}

/// Absent when a word is missing; the last one may be the beginning of a word.
fn find(text: &str, wanted: &[String]) -> Option<Matched> {
    let (last, whole) = wanted.split_last()?;
    let last = last.to_lowercase();
    let whole: Vec<String> = whole.iter().map(|word| word.to_lowercase()).collect();
    let mut is_found = vec![false; wanted.len()];
    let mut words = Vec::new();
    for range in words_of(text) {
        let word = text[range.clone()].to_lowercase();
        let mut is_match = false;
        if word.starts_with(&last) {
            is_found[whole.len()] = true;
            is_match = true;
        }
        for (index, wanted) in whole.iter().enumerate() {
            if *wanted == word {
                is_found[index] = true;
                is_match = true;
            }
        }
        words.push((range, is_match));
    }
    is_found
        .iter()
        .all(|is_found| *is_found)
        .then_some(Matched { words })
}

fn words_of(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, character) in text
        .char_indices()
        .filter(|(_, found)| found.is_alphanumeric())
    {
        match words.last_mut() {
            Some(word) if word.end == at => word.end = at + character.len_utf8(),
            _ => words.push(at..at + character.len_utf8()),
        }
    }
    words
}

impl Matched {
    /// How much of the text matches, in (0, 1].
    #[expect(clippy::cast_precision_loss, reason = "words of one message")]
    fn score(&self) -> f64 {
        let matches = self.words.iter().filter(|(_, is_match)| *is_match).count();
        matches as f64 / self.words.len().max(1) as f64
    }

    /// The words from just before the first match on.
    fn snippet(&self, text: &str) -> Vec<SnippetPiece> {
        let first = self.words.iter().position(|(_, is_match)| *is_match);
        let from = first.unwrap_or(0).saturating_sub(4);
        let to = self.words.len().min(from + SNIPPET_WORDS);
        let mut pieces = Vec::new();
        let mut push = |text: &str, is_match| {
            if !text.is_empty() {
                let text = text.to_owned();
                pieces.push(SnippetPiece { text, is_match });
            }
        };
        let mut at = if from == 0 {
            0
        } else {
            self.words[from].0.start
        };
        if from > 0 {
            push("…", false);
        }
        for (range, is_match) in &self.words[from..to] {
            if *is_match {
                push(&text[at..range.start], false);
                push(&text[range.clone()], true);
                at = range.end;
            }
        }
        let end = if to == self.words.len() {
            text.len()
        } else {
            self.words[to - 1].0.end
        };
        push(&text[at..end], false);
        if to < self.words.len() {
            push("…", false);
        }
        pieces
    }
}
