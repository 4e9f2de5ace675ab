//! The logs of runs: rows of batches.

use manent_domain::run::{LoggedEvent, RunLogPage, decode_events};
use manent_types::{RunId, UserId};
use rusqlite::{Connection, params};

use super::row;
use crate::error::{Error, to_integer};
use crate::rows::{text, unreadable};
use crate::users;

/// The log from just after a position.
pub(crate) fn read(
    connection: &Connection,
    owner: UserId,
    id: RunId,
    after: u64,
    max_bytes: usize,
) -> Result<Option<RunLogPage>, Error> {
    let Some(owner_pk) = users::find(connection, owner)? else {
        return Ok(None);
    };
    let Some((pk, run)) = row::find(connection, owner_pk, id)? else {
        return Ok(None);
    };
    // The batch that holds the asked position begins at or before it; nothing before that batch is looked at.
    let mut statement = connection.prepare_cached(
        "SELECT events FROM run_events WHERE run_pk = ?1 AND last_position > ?2 AND first_position >= \
         COALESCE((SELECT MAX(first_position) FROM run_events WHERE run_pk = ?1 AND first_position <= ?2), 0) \
         ORDER BY first_position",
    )?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut found = statement.query(params![pk, after])?;
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let batch = text(row, 0, "run_events.events")?;
        if bytes > 0 && bytes + batch.len() > max_bytes {
            break;
        }
        bytes += batch.len();
        events.extend(decode(batch)?);
    }
    Ok(Some(RunLogPage { run, events }))
}

/// The whole log.
pub(super) fn read_all(connection: &Connection, run_pk: i64) -> Result<Vec<LoggedEvent>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT events FROM run_events WHERE run_pk = ?1 ORDER BY first_position",
    )?;
    let mut found = statement.query([run_pk])?;
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.extend(decode(text(row, 0, "run_events.events")?)?);
    }
    Ok(events)
}

/// Adds a batch, in place of the one that begins where it does if there is one.
pub(crate) fn add(
    connection: &Connection,
    run_pk: i64,
    first: u64,
    last: u64,
    events: &str,
) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO run_events (run_pk, first_position, last_position, events) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            run_pk,
            to_integer(first, "a run's position")?,
            to_integer(last, "a run's position")?,
            events,
        ])?;
    Ok(())
}

/// Takes out the batch that begins at a position.
pub(super) fn remove(connection: &Connection, run_pk: i64, first: u64) -> Result<(), Error> {
    connection
        .prepare_cached("DELETE FROM run_events WHERE run_pk = ?1 AND first_position = ?2")?
        .execute(params![run_pk, to_integer(first, "a run's position")?])?;
    Ok(())
}

/// Takes out all of it, and says so in the run.
pub(super) fn clear(connection: &Connection, run_pk: i64) -> Result<(), Error> {
    connection
        .prepare_cached("DELETE FROM run_events WHERE run_pk = ?1")?
        .execute([run_pk])?;
    connection
        .prepare_cached("UPDATE runs SET log_cleared = 1 WHERE pk = ?1")?
        .execute([run_pk])?;
    Ok(())
}

fn decode(batch: &str) -> Result<Vec<LoggedEvent>, Error> {
    decode_events(batch).map_err(|_| unreadable("run_events.events"))
}
