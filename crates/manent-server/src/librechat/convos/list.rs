//! The list of conversations: filed away or not, by labels, by words, in every order.

use std::collections::HashSet;

use axum::Json as JsonAnswer;
use axum::extract::{Query, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationOrder, CursorKey, OrderBy,
};
use manent_domain::error::DomainError;
use manent_domain::search::SearchOrder;
use manent_librechat::wire::{PROJECT_LABEL, TAG_LABEL};
use manent_types::{Label, Timestamp, UserId};
use serde_json::{Value, json};

use super::{bad, present};
use crate::access::Reading;
use crate::app::App;
use crate::librechat::chat::{ChatRefusal, told_conversation};
use crate::librechat::shares;

/// How many rows a page has where nothing is said.
const PAGE: usize = 25;

/// How many rows a page has at most.
const MOST: usize = 100;

/// How many hits of a search are looked at, in pages of [`HITS`].
const MOST_HITS: usize = 500;

/// How many hits are asked for together.
const HITS: usize = 50;

/// The longest cursor.
const CURSOR_BYTES: usize = 2_048;

/// The conversations that have this project's id, or none.
const UNASSIGNED: &str = "unassigned";

/// What is asked for.
struct Wanted {
    filter: ConversationFilter,
    search: Option<String>,
    cursor: Option<ConversationCursor>,
    limit: usize,
    /// A label that no conversation can have.
    is_impossible: bool,
}

/// A page of the list.
pub(in crate::librechat) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<JsonAnswer<Value>, ChatRefusal> {
    let wanted = wanted(&query)?;
    let (found, next) = if wanted.is_impossible {
        (Vec::new(), None)
    } else if let Some(words) = &wanted.search {
        searched(&app, owner, words, &wanted).await?
    } else {
        let cursor = wanted.cursor.clone();
        let page = app
            .conversations
            .list(owner, wanted.filter, cursor, wanted.limit)
            .await?;
        (page.items, page.next)
    };
    let next = next.as_ref().map(seal);
    let rows = found.iter();
    let shared = shares::shared(&app, owner).await?;
    let rows: Vec<Value> = rows
        .map(|conversation| {
            let mut row = told_conversation(&app, owner, conversation);
            row["isShared"] = shared.contains(&conversation.id).into();
            row
        })
        .collect();
    Ok(JsonAnswer(
        json!({ "conversations": rows, "nextCursor": next }),
    ))
}

fn wanted(query: &[(String, String)]) -> Result<Wanted, ChatRefusal> {
    let last = |name: &str| {
        let mut named = query.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    };
    let is_true = |name: &str| last(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let by = match last("sortBy").filter(|name| !name.is_empty()) {
        // What was said last is what the client calls updated.
        None | Some("updatedAt") => OrderBy::LastMessage,
        Some("createdAt") => OrderBy::Created,
        Some("title") => OrderBy::Title,
        Some("archivedAt") => OrderBy::Archived,
        Some(_) => {
            return Err(bad(
                "sortBy must be title, createdAt, updatedAt or archivedAt",
            ));
        }
    };
    let mut labels: Vec<Option<Label>> = Vec::new();
    for (key, tag) in query {
        if matches!(key.as_str(), "tags" | "tags[]") && !tag.is_empty() {
            labels.push(format!("{TAG_LABEL}{tag}").parse().ok());
        }
    }
    let mut without_label_prefix = None;
    match last("projectId").filter(|id| !id.is_empty()) {
        None => {}
        Some(UNASSIGNED) => without_label_prefix = Some(PROJECT_LABEL.to_owned()),
        Some(id) if id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let id = id.to_ascii_lowercase();
            labels.push(format!("{PROJECT_LABEL}{id}").parse().ok());
        }
        Some(_) => return Err(bad("projectId must be a valid project id or unassigned")),
    }
    let is_impossible = labels.iter().any(Option::is_none);
    let order = ConversationOrder {
        by,
        descending: last("sortDirection") != Some("asc"),
    };
    let limit = last("limit").and_then(|limit| limit.parse().ok());
    let search = last("search").map(str::trim);
    Ok(Wanted {
        filter: ConversationFilter {
            archived: is_true("isArchived"),
            trashed: false,
            pinned: is_true("pinned").then_some(true),
            labels_all: labels.into_iter().flatten().collect(),
            without_label_prefix,
            order,
        },
        search: search.filter(|words| !words.is_empty()).map(str::to_owned),
        // One that cannot be read is as good as none.
        cursor: last("cursor")
            .and_then(open)
            .filter(|cursor| cursor.fits(by)),
        limit: limit.filter(|limit| *limit > 0).unwrap_or(PAGE).min(MOST),
        is_impossible,
    })
}

type Found = (Vec<Conversation>, Option<ConversationCursor>);

/// The conversations with hits among their titles and messages, narrowed and ordered as the list is.
async fn searched(
    app: &App,
    owner: UserId,
    words: &str,
    wanted: &Wanted,
) -> Result<Found, ChatRefusal> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let (mut after, mut looked_at) = (None, 0);
    loop {
        let page = app
            .search
            .search(owner, words, SearchOrder::Newest, after, HITS);
        let page = match page.await {
            Ok(page) => page,
            // There is nothing in it to be looked for.
            Err(DomainError::Invalid { .. }) => return Ok((Vec::new(), None)),
            Err(error) => return Err(error.into()),
        };
        looked_at += page.items.len();
        for hit in page.items {
            if !seen.insert(hit.conversation) {
                continue;
            }
            match present(app, owner, hit.conversation).await {
                Ok(conversation) if fits(&conversation, &wanted.filter) => found.push(conversation),
                Ok(_) | Err(DomainError::ConversationNotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        after = page.next;
        if after.is_none() || looked_at >= MOST_HITS {
            break;
        }
    }
    Ok(page_of(found, wanted))
}

fn fits(conversation: &Conversation, filter: &ConversationFilter) -> bool {
    let labels = &conversation.labels;
    conversation.is_archived() == filter.archived
        && !conversation.is_temporary()
        && filter
            .pinned
            .is_none_or(|pinned| conversation.pinned == pinned)
        && filter.labels_all.iter().all(|label| labels.contains(label))
        && filter.without_label_prefix.as_ref().is_none_or(|prefix| {
            !labels
                .iter()
                .any(|label| label.as_str().starts_with(prefix.as_str()))
        })
}

fn page_of(mut found: Vec<Conversation>, wanted: &Wanted) -> Found {
    let ConversationOrder { by, descending } = wanted.filter.order;
    found.sort_by_cached_key(|conversation| ConversationCursor::of(conversation, by));
    if descending {
        found.reverse();
    }
    if let Some(cursor) = &wanted.cursor {
        found.retain(|conversation| {
            let place = ConversationCursor::of(conversation, by);
            if descending {
                place < *cursor
            } else {
                place > *cursor
            }
        });
    }
    let has_more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|conversation| ConversationCursor::of(conversation, by));
    (found, next)
}

/// A place in the list as text.
fn seal(cursor: &ConversationCursor) -> String {
    let text = match &cursor.key {
        CursorKey::Time(time) => json!([cursor.id, time.as_millisecond()]),
        CursorKey::Text(text) => json!([cursor.id, text]),
    };
    URL_SAFE_NO_PAD.encode(text.to_string())
}

fn open(text: &str) -> Option<ConversationCursor> {
    if text.len() > CURSOR_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (id, key): (manent_types::ConversationId, Value) = serde_json::from_slice(&bytes).ok()?;
    let key = match key {
        Value::String(text) => CursorKey::Text(text),
        Value::Number(number) => {
            CursorKey::Time(Timestamp::from_millisecond(number.as_i64()?).ok()?)
        }
        _ => return None,
    };
    Some(ConversationCursor { key, id })
}

#[cfg(test)]
mod tests {
    use manent_types::ConversationId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_made_up_one_is_none() {
        for key in [
            CursorKey::Time(Timestamp::EPOCH),
            CursorKey::Text("ä \"b\"".to_owned()),
        ] {
            let cursor = ConversationCursor {
                key,
                id: ConversationId::new(Uuid::nil()),
            };
            assert_eq!(open(&seal(&cursor)), Some(cursor));
        }
        let far = URL_SAFE_NO_PAD.encode(json!([Uuid::nil(), i64::MAX]).to_string());
        for made_up in ["", "!", "e30", "W10", far.as_str()] {
            assert_eq!(open(made_up), None, "{made_up}");
        }
    }
}
