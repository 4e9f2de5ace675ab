//! What goes with an account.
//!
//! The search index is told the words that are to be forgotten. A row whose words wait for the end of the group is told there too, behind
//! them; all others at once, so that the words of years are never in memory together.

use manent_types::UserId;
use rusqlite::{Connection, params};

use super::rows::{execute, many};
use crate::error::Error;
use crate::runs;
use crate::users::Owner;
use crate::writer::Unit;

/// Removes an owner with everything that the owner has.
pub(super) fn remove_everything(unit: &mut Unit<'_>, id: UserId) -> Result<(), Error> {
    for table in ["sessions", "api_keys", "provider_keys", "one_time_links"] {
        let sql = format!("DELETE FROM {table} WHERE account_id = ?1");
        execute(unit.connection, &sql, [id.to_string()])?;
    }
    for table in ["budget_reservations", "budget_standings"] {
        let sql = format!("DELETE FROM {table} WHERE owner_id = ?1");
        execute(unit.connection, &sql, [id.to_string()])?;
    }
    let sql = "DELETE FROM accounts WHERE id = ?1";
    execute(unit.connection, sql, [id.to_string()])?;
    let Some(owner) = unit.known_owner(id)? else {
        return Ok(());
    };
    forget_words(unit, owner)?;
    remove_logs(unit.connection, owner)?;
    for table in [
        "feed",
        "changes",
        "messages",
        "lanes",
        "lane_refusals",
        "runs",
        "conversations",
    ] {
        let sql = format!("DELETE FROM {table} WHERE owner_pk = ?1");
        execute(unit.connection, &sql, [owner.pk])?;
    }
    execute(
        unit.connection,
        "DELETE FROM users WHERE pk = ?1",
        [owner.pk],
    )?;
    unit.forget_owner(owner);
    Ok(())
}

fn forget_words(unit: &mut Unit<'_>, owner: Owner) -> Result<(), Error> {
    let sql = "SELECT pk, title FROM conversations WHERE owner_pk = ?1 AND title IS NOT NULL";
    let titles: Vec<(i64, String)> = many(unit.connection, sql, [owner.pk], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    for (pk, title) in titles {
        unit.index.change_title(pk, owner.pk, Some(title), None);
    }
    let waiting = unit.index.waiting_messages(owner.pk);
    let sql = "SELECT pk FROM messages WHERE owner_pk = ?1";
    let messages: Vec<i64> = many(unit.connection, sql, [owner.pk], |row| Ok(row.get(0)?))?;
    for pk in messages {
        if waiting.contains(&pk) {
            let sql = "SELECT text FROM message_search_source WHERE pk = ?1 AND text IS NOT NULL";
            for text in many(unit.connection, sql, [pk], |row| Ok(row.get(0)?))? {
                unit.index.remove_message(pk, owner.pk, text);
            }
        } else {
            execute(
                unit.connection,
                "INSERT INTO message_search (message_search, rowid, owner, text) \
                 SELECT 'delete', pk, owner, text FROM message_search_source WHERE pk = ?1 AND text <> ''",
                params![pk],
            )?;
        }
    }
    Ok(())
}

/// The logs have no index: each is followed along its chain.
fn remove_logs(connection: &Connection, owner: Owner) -> Result<(), Error> {
    let sql = "SELECT pk FROM runs WHERE owner_pk = ?1 AND newest_batch_pk IS NOT NULL";
    let runs: Vec<i64> = many(connection, sql, [owner.pk], |row| Ok(row.get(0)?))?;
    for run in runs {
        for batch in runs::batches(connection, run)? {
            execute(
                connection,
                "DELETE FROM run_events WHERE pk = ?1",
                [batch.pk],
            )?;
        }
    }
    Ok(())
}
