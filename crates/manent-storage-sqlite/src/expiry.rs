//! Removing conversations whose time is over. They stand in no feed, so nothing there refers to what goes.

use manent_types::{ConversationId, Timestamp};
use rusqlite::{Connection, Params, params};

use crate::error::{Error, to_integer};
use crate::forgetting::forget_words;
use crate::rows::parsed;
use crate::runs;
use crate::writer::Unit;

/// Removes at most `limit` conversations whose time is over, whoever has them; answers how many.
pub(crate) fn remove_expired(
    unit: &mut Unit<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize, Error> {
    let expired = expired(unit.connection, now, limit)?;
    for (pk, owner_pk, id) in &expired {
        remove(unit, *pk, *owner_pk, *id)?;
    }
    Ok(expired.len())
}

fn expired(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(i64, i64, ConversationId)>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT pk, owner_pk, id FROM conversations WHERE expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
    )?;
    let limit = to_integer(limit as u64, "the limit")?;
    let mut found = statement.query(params![now.as_millisecond(), limit])?;
    let mut expired = Vec::new();
    while let Some(row) = found.next()? {
        let id = parsed(row, 2, "conversations.id")?;
        expired.push((row.get(0)?, row.get(1)?, id));
    }
    Ok(expired)
}

fn remove(
    unit: &mut Unit<'_>,
    pk: i64,
    owner_pk: i64,
    conversation: ConversationId,
) -> Result<(), Error> {
    forget_words(unit, owner_pk, Some(pk))?;
    let connection = unit.connection;
    let id = conversation.to_string();
    let mut statement = connection
        .prepare_cached("SELECT pk FROM runs WHERE owner_pk = ?1 AND conversation_id = ?2")?;
    let found = statement.query_map(params![owner_pk, id], |row| row.get(0))?;
    let of_it: Vec<i64> = found.collect::<Result<_, _>>()?;
    for run in of_it {
        for batch in runs::batches(connection, run)? {
            execute(
                connection,
                "DELETE FROM run_events WHERE pk = ?1",
                [batch.pk],
            )?;
        }
    }
    for table in ["runs", "lanes", "lane_refusals"] {
        let sql = format!("DELETE FROM {table} WHERE owner_pk = ?1 AND conversation_id = ?2");
        execute(connection, &sql, params![owner_pk, id])?;
    }
    for table in ["changes", "messages"] {
        let sql = format!("DELETE FROM {table} WHERE owner_pk = ?1 AND conversation_pk = ?2");
        execute(connection, &sql, params![owner_pk, pk])?;
    }
    let sql = "DELETE FROM conversations WHERE owner_pk = ?1 AND pk = ?2";
    execute(connection, sql, params![owner_pk, pk])
}

fn execute(connection: &Connection, sql: &str, parameters: impl Params) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}
