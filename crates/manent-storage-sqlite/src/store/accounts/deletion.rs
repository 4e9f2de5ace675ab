//! What goes with an account.

use manent_types::UserId;
use rusqlite::Connection;

use super::rows::{execute, many};
use crate::error::Error;
use crate::forgetting::forget_words;
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
    forget_words(unit, owner.pk, None)?;
    remove_logs(unit.connection, owner)?;
    for table in [
        "documents",
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
