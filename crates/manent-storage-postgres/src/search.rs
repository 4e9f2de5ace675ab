//! Search over titles and messages, narrowed to one owner inside the index by a word for the owner.

pub(crate) mod snippet;
pub(crate) mod words;

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::Page;
use manent_domain::search::{
    HitKind, MessagePlace, SearchCursor, SearchHit, SearchOrder, SearchQuery,
};
use manent_types::{Part, UserId, text_of};
use tokio_postgres::Row;

use crate::error::{Error, to_count, to_integer};
use crate::pipeline::{Pipeline, value};
use crate::rows::{conversation_id, count, get, message_id, parsed, timestamp, unreadable};
use snippet::snippet;
use words::Wanted;

/// How well a row matches for its length.
const RELEVANCE: &str = "ts_rank(words, $2::text::tsquery, 2)";

/// The same for all rows, so that only their places order them. With the same parameters.
const NO_RELEVANCE: &str = "CASE WHEN $2::text IS NULL THEN 1::real ELSE 0::real END";

/// One page of hits. The owner is compared in a form that no index knows, so that the index of words is the only one to use.
pub(crate) async fn search(
    client: &ClientWrapper,
    owner: UserId,
    query: &SearchQuery,
) -> Result<Page<SearchHit, SearchCursor>, Error> {
    let Some(wanted) = Wanted::new(&query.words) else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    let relevance = match query.order {
        SearchOrder::Newest => NO_RELEVANCE,
        SearchOrder::Relevance => RELEVANCE,
    };
    let mut pipeline = Pipeline::new(client);
    let limit = to_integer(query.wanted() as u64, "the limit")?;
    let (seen, after) = (query.titles_seen(), query.messages_after());
    if let Some(seen) = seen {
        let sql = format!(
            "SELECT id, title, created_at, {relevance} AS relevance FROM conversations \
             WHERE words @@ $1::text::tsquery AND words IS NOT NULL AND owner_id IS NOT DISTINCT FROM $3 AND trashed_at IS NULL \
             AND expires_at IS NULL \
             ORDER BY relevance DESC, place DESC LIMIT $4 OFFSET $5"
        );
        let values = vec![
            value(wanted.query_of(owner)),
            value(wanted.query()),
            value(owner.as_uuid()),
            value(limit),
            value(i64::try_from(seen).unwrap_or(i64::MAX)),
        ];
        pipeline.add(&sql, values).await?;
    }
    if let Some(after) = after {
        let (below, offset) = match after {
            MessagePlace::Below(place) => (i64::try_from(place).unwrap_or(i64::MAX), 0),
            MessagePlace::Offset(offset) => (i64::MAX, offset),
        };
        // Conversations in the trash and temporary ones are few, and looked up once; everything else is joined for the few rows of the page alone.
        let sql = format!(
            "SELECT conversations.id, conversations.title, messages.id, messages.seq, messages.role, messages.created_at, messages.content, \
         found.place \
         FROM (SELECT id, place, {relevance} AS relevance FROM messages \
         WHERE words @@ $1::text::tsquery AND words IS NOT NULL AND owner_id IS NOT DISTINCT FROM $3 AND place < $4 \
         AND conversation_id NOT IN (SELECT id FROM conversations WHERE owner_id = $3 AND trashed_at IS NOT NULL AND expires_at IS NULL \
         UNION ALL SELECT id FROM conversations WHERE owner_id = $3 AND expires_at IS NOT NULL) \
         ORDER BY relevance DESC, place DESC LIMIT $5 OFFSET $6) AS found \
         JOIN messages ON messages.id = found.id AND uuid_send(messages.owner_id) = uuid_send($3) \
         JOIN conversations ON conversations.owner_id = $3 AND conversations.id = messages.conversation_id \
         ORDER BY found.relevance DESC, found.place DESC"
        );
        let values = vec![
            value(wanted.query_of(owner)),
            value(wanted.query()),
            value(owner.as_uuid()),
            value(below),
            value(limit),
            value(i64::try_from(offset).unwrap_or(i64::MAX)),
        ];
        pipeline.add(&sql, values).await?;
    }
    let answers = pipeline.run().await?;
    let mut answers = answers.iter();
    let mut titles = Vec::new();
    if seen.is_some() {
        for row in answers.next().into_iter().flatten() {
            titles.push(title_hit(row, &wanted)?);
        }
    }
    let mut messages = Vec::new();
    if after.is_some() {
        for row in answers.next().into_iter().flatten() {
            let place = to_count(get(row, 7, "messages.place")?, "messages.place")?;
            messages.push((place, message_hit(row, &wanted)?));
        }
    }
    Ok(query.page(titles, messages))
}

fn title_hit(row: &Row, wanted: &Wanted) -> Result<SearchHit, Error> {
    let title: Option<String> = get(row, 1, "conversations.title")?;
    Ok(SearchHit {
        kind: HitKind::Title,
        conversation: conversation_id(row, 0, "conversations.id")?,
        snippet: snippet(title.as_deref().unwrap_or_default(), wanted),
        conversation_title: title,
        created_at: timestamp(row, 2, "conversations.created_at")?,
    })
}

fn message_hit(row: &Row, wanted: &Wanted) -> Result<SearchHit, Error> {
    let content: Vec<Part> = serde_json::from_str(get(row, 6, "messages.content")?)
        .map_err(|_| unreadable("messages.content"))?;
    Ok(SearchHit {
        kind: HitKind::Message {
            id: message_id(row, 2, "messages.id")?,
            seq: count(row, 3, "messages.seq")?,
            role: parsed(row, 4, "messages.role")?,
        },
        conversation: conversation_id(row, 0, "conversations.id")?,
        conversation_title: get(row, 1, "conversations.title")?,
        snippet: snippet(&text_of(&content), wanted),
        created_at: timestamp(row, 5, "messages.created_at")?,
    })
}
