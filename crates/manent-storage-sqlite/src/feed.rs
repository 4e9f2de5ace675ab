//! Reading the feed.

use manent_domain::feed::{Change, Changed, FeedPage};
use manent_types::UserId;
use rusqlite::{Connection, params};

use crate::error::{Error, to_count, to_integer};
use crate::feed_entries::{SubjectTable, head};
use crate::rows::{self, CONVERSATION_COLUMNS, unreadable};
use crate::{messages, runs, users};

/// The changes after a number, each with its subject as it is now.
pub(crate) fn read(
    connection: &Connection,
    owner: UserId,
    after: u64,
    limit: usize,
) -> Result<FeedPage, Error> {
    let Some(owner_pk) = users::find(connection, owner)? else {
        return Ok(FeedPage {
            changes: Vec::new(),
            head: 0,
        });
    };
    let head = head(connection, owner_pk)?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, kind, subject_pk FROM feed WHERE owner_pk = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut found = statement.query(params![
        owner_pk,
        // No number lies beyond what the column can hold.
        i64::try_from(after).unwrap_or(i64::MAX),
        to_integer(limit as u64, "the limit")?,
    ])?;
    let mut changes = Vec::new();
    while let Some(row) = found.next()? {
        let table = SubjectTable::from_kind(rows::text(row, 2, "feed.kind")?)
            .ok_or_else(|| unreadable("feed.kind"))?;
        changes.push(Change {
            seq: to_count(row.get(0)?, "feed.seq")?,
            at: rows::timestamp(row, 1, "feed.at")?,
            changed: subject(connection, table, row.get(3)?)?
                .ok_or_else(|| unreadable("feed.subject_pk"))?,
        });
    }
    Ok(FeedPage { changes, head })
}

/// The subject as it is now.
fn subject(
    connection: &Connection,
    table: SubjectTable,
    pk: i64,
) -> Result<Option<Changed>, Error> {
    match table {
        SubjectTable::Conversations => {
            let sql = format!("SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE pk = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query([pk])?;
            let row = found.next()?;
            row.map(|row| rows::conversation(row).map(Changed::Conversation))
                .transpose()
        }
        SubjectTable::Messages => Ok(messages::find_by_row(connection, pk)?.map(Changed::Message)),
        SubjectTable::Runs => Ok(runs::find_by_row(connection, pk)?.map(Changed::Run)),
    }
}
