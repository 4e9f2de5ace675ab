//! Words that go for good.
//!
//! The search index is told the words that are to be forgotten. A row whose words wait for the end of the group is told there too, behind
//! them; all others at once, so that the words of years are never in memory together.

use rusqlite::{Connection, Row, params};

use crate::error::Error;
use crate::writer::Unit;

/// Forgets the words of an owner's rows, or of those of one conversation. Before they are deleted.
pub(crate) fn forget_words(
    unit: &mut Unit<'_>,
    owner_pk: i64,
    conversation_pk: Option<i64>,
) -> Result<(), Error> {
    let sql = "SELECT pk, title FROM conversations WHERE owner_pk = ?1 AND title IS NOT NULL AND (?2 IS NULL OR pk = ?2)";
    let titles: Vec<(i64, String)> =
        many(unit.connection, sql, owner_pk, conversation_pk, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (pk, title) in titles {
        unit.index.change_title(pk, owner_pk, Some(title), None);
    }
    let waiting = unit.index.waiting_messages(owner_pk);
    let sql = match conversation_pk {
        None => "SELECT pk FROM messages WHERE owner_pk = ?1 AND ?2 IS NULL",
        Some(_) => "SELECT pk FROM messages WHERE conversation_pk = ?2 AND owner_pk = ?1",
    };
    let messages: Vec<i64> = many(unit.connection, sql, owner_pk, conversation_pk, |row| {
        row.get(0)
    })?;
    for pk in messages {
        if waiting.contains(&pk) {
            let sql = "SELECT text FROM message_search_source WHERE pk = ?1 AND text IS NOT NULL";
            let mut statement = unit.connection.prepare_cached(sql)?;
            let texts = statement.query_map([pk], |row| row.get(0))?;
            for text in texts.collect::<Result<Vec<String>, _>>()? {
                unit.index.remove_message(pk, owner_pk, text);
            }
        } else {
            unit.connection
                .prepare_cached(
                    "INSERT INTO message_search (message_search, rowid, owner, text) \
                     SELECT 'delete', pk, owner, text FROM message_search_source WHERE pk = ?1 AND text <> ''",
                )?
                .execute([pk])?;
        }
    }
    Ok(())
}

fn many<T>(
    connection: &Connection,
    sql: &str,
    owner_pk: i64,
    conversation_pk: Option<i64>,
    read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![owner_pk, conversation_pk], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}
