//! Lists of conversations: keyset pages, each by the index that has its order.

use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationOrder, CursorKey, OrderBy,
    Page,
};
use manent_types::{Timestamp, UserId};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::{Error, to_integer};
use crate::rows::{self, CONVERSATION_COLUMNS};

/// A page of a list.
pub(crate) fn list(
    connection: &Connection,
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
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::conversation(row)?);
    }
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
) -> Result<(String, Vec<Value>), Error> {
    let ConversationOrder { by, descending } = filter.order;
    let key = key(by, filter);
    let (direction, beyond) = if descending {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    let mut values = vec![
        Value::from(owner.to_string()),
        Value::from(to_integer(limit as u64 + 1, "the limit")?),
    ];
    let mut conditions = String::from(place(filter));
    if let Some(after) = after {
        if key == "archived_at" {
            // The comparison says so too, and the index is to be entered by that and not by this.
            conditions = conditions.replace(" AND archived_at IS NOT NULL", "");
        }
        // The first comparison is what the index is entered by.
        let (first, second) = (values.len() + 1, values.len() + 2);
        conditions = format!(
            "{conditions} AND {key} {beyond}= ?{first} AND ({key} {beyond} ?{first} OR id {beyond} ?{second})"
        );
        values.push(match &after.key {
            CursorKey::Time(time) => Value::from(Timestamp::as_millisecond(*time)),
            CursorKey::Text(text) => Value::from(text.clone()),
        });
        values.push(Value::from(after.id.to_string()));
    }
    for label in &filter.labels_all {
        values.push(Value::from(label.as_str().to_owned()));
        conditions = format!(
            "{conditions} AND labels IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.value = ?{})",
            values.len()
        );
    }
    if let Some(prefix) = &filter.without_label_prefix {
        values.push(Value::from(prefix.clone()));
        let number = values.len();
        conditions = format!(
            "{conditions} AND NOT EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE substr(label.value, 1, length(?{number})) = ?{number})"
        );
    }
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND {conditions} \
         ORDER BY {key} {direction}, id {direction} LIMIT ?2"
    );
    Ok((sql, values))
}

/// The conditions are words of the statement and not parameters: each list has partial indexes that fit its words.
const fn place(filter: &ConversationFilter) -> &'static str {
    match (filter.trashed, filter.archived, filter.pinned) {
        (true, _, None) => "trashed_at IS NOT NULL AND expires_at IS NULL",
        (true, _, Some(true)) => "trashed_at IS NOT NULL AND expires_at IS NULL AND pinned = 1",
        (true, _, Some(false)) => "trashed_at IS NOT NULL AND expires_at IS NULL AND pinned = 0",
        (false, true, None) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL"
        }
        (false, true, Some(true)) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL AND pinned = 1"
        }
        (false, true, Some(false)) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL AND pinned = 0"
        }
        (false, false, None) => "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL",
        (false, false, Some(true)) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL AND pinned = 1"
        }
        (false, false, Some(false)) => {
            "trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL AND pinned = 0"
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn steps(connection: &Connection, filter: &ConversationFilter, is_first: bool) -> Vec<String> {
        let owner = UserId::new(uuid::Uuid::nil());
        let after = ConversationCursor {
            key: match filter.order.by {
                OrderBy::Title => CursorKey::Text("title".to_owned()),
                _ => CursorKey::Time(Timestamp::EPOCH),
            },
            id: manent_types::ConversationId::new(uuid::Uuid::nil()),
        };
        let after = (!is_first).then_some(&after);
        let (sql, values) = statement(owner, filter, after, 10).unwrap();
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let steps = statement.query_map(params_from_iter(values), |row| row.get(3));
        steps.unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_list_is_read_by_the_index_of_its_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let lists = [
            (false, OrderBy::LastMessage, "conversations_active"),
            (false, OrderBy::Created, "conversations_active_by_creation"),
            (false, OrderBy::Updated, "conversations_active_by_change"),
            (false, OrderBy::Title, "conversations_active_by_title"),
            (true, OrderBy::LastMessage, "conversations_archived"),
            (true, OrderBy::Created, "conversations_archived_by_creation"),
            (true, OrderBy::Updated, "conversations_archived_by_change"),
            (true, OrderBy::Title, "conversations_archived_by_title"),
            (
                true,
                OrderBy::Archived,
                "conversations_archived_by_archiving",
            ),
        ];
        for (archived, by, index) in lists {
            for descending in [true, false] {
                for is_first in [true, false] {
                    let filter = ConversationFilter {
                        archived,
                        order: ConversationOrder { by, descending },
                        without_label_prefix: Some("project:".to_owned()),
                        ..ConversationFilter::default()
                    };
                    let steps = steps(&connection, &filter, is_first);
                    let used = format!("SEARCH conversations USING INDEX {index} (owner_pk=?");
                    assert!(steps[0].starts_with(&used), "{by:?} {is_first} {steps:?}");
                    let beyond = if descending { "<?)" } else { ">?)" };
                    let is_entered = steps[0].ends_with(beyond);
                    assert!(is_first || is_entered, "{by:?} {descending} {steps:?}");
                    let bounds = steps[0].matches(" AND ").count();
                    assert!(bounds <= 1, "{by:?} {descending} {steps:?}");
                    assert!(
                        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
                        "{steps:?}"
                    );
                }
            }
        }
    }
}
