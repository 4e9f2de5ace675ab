//! Search over titles and messages, narrowed to one owner inside MATCH and once more by the joined rows.

mod snippet;

use manent_domain::conversation::Page;
use manent_domain::search::{
    HitKind, MessagePlace, SearchCursor, SearchHit, SearchOrder, SearchQuery,
};
use manent_types::UserId;
use rusqlite::{Connection, Row, params};

use crate::error::{Error, to_count, to_integer};
use crate::rows;
use crate::search_index::owner_word;
use crate::users;
use snippet::{MATCH_BEGIN, MATCH_END};

/// The words of a snippet, at most.
const SNIPPET_WORDS: i64 = 24;

/// One page of hits.
pub(crate) fn search(
    connection: &Connection,
    owner: UserId,
    query: &SearchQuery,
) -> Result<Page<SearchHit, SearchCursor>, Error> {
    let nothing = Page {
        items: Vec::new(),
        next: None,
    };
    let Some(owner_pk) = users::find(connection, owner)? else {
        return Ok(nothing);
    };
    let Some(expression) = match_expression(owner_pk, &query.words) else {
        return Ok(nothing);
    };
    let titles = match query.titles_seen() {
        Some(seen) => titles(connection, owner_pk, &expression, query, seen)?,
        None => Vec::new(),
    };
    let messages = match query.messages_after() {
        Some(after) => messages(connection, owner_pk, &expression, query, after)?,
        None => Vec::new(),
    };
    Ok(query.page(titles, messages))
}

/// The search in FTS5's words. Each word is a quoted string, so that none is taken for an operator.
fn match_expression(owner_pk: i64, words: &[String]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    Some(format!(
        "owner : {} AND text : ({} *)",
        owner_word(owner_pk),
        quoted.join(" AND ")
    ))
}

fn titles(
    connection: &Connection,
    owner_pk: i64,
    expression: &str,
    query: &SearchQuery,
    seen: u64,
) -> Result<Vec<SearchHit>, Error> {
    let order = match query.order {
        SearchOrder::Newest => "title_search.rowid DESC",
        SearchOrder::Relevance => "title_search.rank",
    };
    let sql = format!(
        "SELECT conversations.id, conversations.title, conversations.created_at, snippet(title_search, 1, ?4, ?5, '…', ?6) \
         FROM title_search CROSS JOIN conversations ON conversations.pk = title_search.rowid \
         WHERE title_search MATCH ?1 AND conversations.owner_pk = ?2 AND conversations.trashed_at IS NULL \
         AND conversations.expires_at IS NULL \
         ORDER BY {order} LIMIT ?3 OFFSET ?7"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        expression,
        owner_pk,
        to_integer(query.wanted() as u64, "the limit")?,
        MATCH_BEGIN,
        MATCH_END,
        SNIPPET_WORDS,
        i64::try_from(seen).unwrap_or(i64::MAX),
    ])?;
    let mut hits = Vec::new();
    while let Some(row) = found.next()? {
        hits.push(SearchHit {
            kind: HitKind::Title,
            conversation: rows::parsed(row, 0, "conversations.id")?,
            conversation_title: row.get(1)?,
            created_at: rows::timestamp(row, 2, "conversations.created_at")?,
            snippet: snippet::pieces(&row.get::<_, String>(3)?),
        });
    }
    Ok(hits)
}

/// Messages, each behind its place.
fn messages(
    connection: &Connection,
    owner_pk: i64,
    expression: &str,
    query: &SearchQuery,
    after: MessagePlace,
) -> Result<Vec<(u64, SearchHit)>, Error> {
    let (below, offset) = match after {
        MessagePlace::Below(place) => (i64::try_from(place).unwrap_or(i64::MAX), 0),
        MessagePlace::Offset(offset) => (i64::MAX, offset),
    };
    let order = match query.order {
        SearchOrder::Newest => "message_search.rowid DESC",
        SearchOrder::Relevance => "message_search.rank",
    };
    let sql = format!(
        "SELECT conversations.id, conversations.title, messages.id, messages.seq, messages.role, messages.created_at, \
         snippet(message_search, 1, ?6, ?7, '…', ?8), message_search.rowid \
         FROM message_search CROSS JOIN messages ON messages.pk = message_search.rowid \
         CROSS JOIN conversations ON conversations.pk = messages.conversation_pk \
         WHERE message_search MATCH ?1 AND message_search.rowid < ?2 AND messages.owner_pk = ?3 \
         AND conversations.trashed_at IS NULL AND conversations.expires_at IS NULL ORDER BY {order} LIMIT ?4 OFFSET ?5"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        expression,
        below,
        owner_pk,
        to_integer(query.wanted() as u64, "the limit")?,
        i64::try_from(offset).unwrap_or(i64::MAX),
        MATCH_BEGIN,
        MATCH_END,
        SNIPPET_WORDS,
    ])?;
    let mut hits = Vec::new();
    while let Some(row) = found.next()? {
        let place = to_count(row.get(7)?, "message_search.rowid")?;
        hits.push((place, message_hit(row)?));
    }
    Ok(hits)
}

fn message_hit(row: &Row<'_>) -> Result<SearchHit, Error> {
    Ok(SearchHit {
        conversation: rows::parsed(row, 0, "conversations.id")?,
        conversation_title: row.get(1)?,
        kind: HitKind::Message {
            id: rows::parsed(row, 2, "messages.id")?,
            seq: to_count(row.get(3)?, "messages.seq")?,
            role: rows::parsed(row, 4, "messages.role")?,
        },
        created_at: rows::timestamp(row, 5, "messages.created_at")?,
        snippet: snippet::pieces(&row.get::<_, String>(6)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_operators() {
        let words = ["OR".to_owned(), "a\"b".to_owned()];
        assert_eq!(
            match_expression(7, &words).unwrap(),
            r#"owner : u7 AND text : ("OR" AND "a""b" *)"#
        );
        assert_eq!(match_expression(7, &[]), None);
    }
}
