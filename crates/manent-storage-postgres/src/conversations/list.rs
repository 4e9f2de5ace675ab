//! Lists of conversations: keyset pages, each by the index that has its order.

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationOrder, CursorKey, OrderBy,
    Page,
};
use manent_types::UserId;

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, Value, value};
use crate::rows::{self, CONVERSATION_COLUMNS};

/// A page of a list.
pub(crate) async fn list(
    client: &ClientWrapper,
    owner: UserId,
    filter: &ConversationFilter,
    after: Option<&ConversationCursor>,
    limit: usize,
) -> Result<Page<Conversation, ConversationCursor>, Error> {
    let by = filter.order.by;
    if after.is_some_and(|after| !after.fits(by)) {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    let (sql, values) = statement(owner, filter, after, limit)?;
    let mut pipeline = Pipeline::new(client);
    pipeline.add(&sql, values).await?;
    let answers = pipeline.run().await?;
    let mut items = answers
        .iter()
        .flatten()
        .map(|row| Ok(rows::conversation(row, 0)?.0))
        .collect::<Result<Vec<_>, Error>>()?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| ConversationCursor::of(last, by));
    Ok(Page { items, next })
}

fn statement(
    owner: UserId,
    filter: &ConversationFilter,
    after: Option<&ConversationCursor>,
    limit: usize,
) -> Result<(String, Vec<Value<'static>>), Error> {
    let ConversationOrder { by, descending } = filter.order;
    let key = key(by, filter);
    let (direction, beyond) = if descending {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    let mut values = vec![
        value(owner.as_uuid()),
        value(to_integer(limit as u64 + 1, "the limit")?),
    ];
    let mut conditions = place(filter);
    if let Some(after) = after {
        let (first, second) = (values.len() + 1, values.len() + 2);
        conditions.push(format!("({key}, id) {beyond} (${first}, ${second})"));
        values.push(match &after.key {
            CursorKey::Time(time) => value(time.as_millisecond()),
            // No title in a row has this character, which is none to Postgres.
            CursorKey::Text(text) => value(text.replace('\0', "")),
        });
        values.push(value(after.id.as_uuid()));
    }
    if !filter.labels_all.is_empty() {
        let labels = filter.labels_all.iter();
        let labels: Vec<String> = labels.map(|label| label.as_str().to_owned()).collect();
        values.push(value(labels));
        let number = values.len();
        conditions.push(format!("labels IS NOT NULL AND labels @> ${number}"));
    }
    if let Some(prefix) = &filter.without_label_prefix {
        values.push(value(prefix.replace('\0', "")));
        let number = values.len();
        conditions.push(format!(
            "NOT EXISTS (SELECT FROM unnest(labels) AS label WHERE starts_with(label, ${number}))"
        ));
    }
    let conditions = conditions.join(" AND ");
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_id = $1 AND {conditions} \
         ORDER BY {key} {direction}, id {direction} LIMIT $2"
    );
    Ok((sql, values))
}

/// The conditions are words of the statement and not parameters: each list has partial indexes that fit its words.
fn place(filter: &ConversationFilter) -> Vec<String> {
    let mut conditions = vec![match (filter.trashed, filter.archived) {
        (true, _) => "trashed_at IS NOT NULL AND expires_at IS NULL".to_owned(),
        (false, true) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL".to_owned()
        }
        (false, false) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL".to_owned()
        }
    }];
    match filter.pinned {
        Some(true) => conditions.push("pinned".to_owned()),
        Some(false) => conditions.push("NOT pinned".to_owned()),
        None => {}
    }
    conditions
}

/// What a list is ordered by, as its index has it.
const fn key(by: OrderBy, filter: &ConversationFilter) -> &'static str {
    match by {
        OrderBy::LastMessage => "last_message_at",
        OrderBy::Created => "created_at",
        OrderBy::Updated => "updated_at",
        OrderBy::Title => "COALESCE(title, '')",
        // Nothing is NULL among those that are put away.
        OrderBy::Archived if filter.archived && !filter.trashed => "archived_at",
        OrderBy::Archived => "COALESCE(archived_at, 0)",
    }
}
