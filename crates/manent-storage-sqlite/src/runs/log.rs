//! The logs of runs: chains of batches, from the newest to the oldest.

use manent_domain::run::{LoggedEvent, RunLogPage, decode_events};
use manent_types::{RunId, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::row;
use crate::error::{Error, to_count, to_integer};
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
    let Some(stored) = row::find(connection, owner_pk, id)? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    let mut bytes = 0;
    for batch in batches_after(connection, stored.newest_batch, after)? {
        let is_last = read_batch(connection, batch.pk, |batch| {
            if bytes > 0 && bytes + batch.len() > max_bytes {
                return Ok(true);
            }
            bytes += batch.len();
            events.extend(decode(batch)?);
            Ok(false)
        })?;
        if is_last {
            break;
        }
    }
    let run = stored.run;
    Ok(Some(RunLogPage { run, events }))
}

/// The whole log.
pub(super) fn read_all(
    connection: &Connection,
    newest: Option<i64>,
) -> Result<Vec<LoggedEvent>, Error> {
    let mut events = Vec::new();
    for batch in batches_after(connection, newest, 0)? {
        read_batch(connection, batch.pk, |batch| {
            events.extend(decode(batch)?);
            Ok(())
        })?;
    }
    Ok(events)
}

/// A batch's place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) pk: i64,
    pub(crate) first: u64,
}

/// The batches of a run in the order of their positions.
pub(crate) fn batches(connection: &Connection, run_pk: i64) -> Result<Vec<Batch>, Error> {
    batches_after(connection, newest_of(connection, run_pk)?, 0)
}

/// The batches that hold something after a position, in the order of their positions: the chain is followed from its newest end, which is
/// where readers of what goes on are.
fn batches_after(
    connection: &Connection,
    newest: Option<i64>,
    after: u64,
) -> Result<Vec<Batch>, Error> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE chain (pk, previous_pk, first_position) AS ( \
         SELECT pk, previous_pk, first_position FROM run_events WHERE pk = ?1 AND last_position > ?2 \
         UNION ALL \
         SELECT run_events.pk, run_events.previous_pk, run_events.first_position FROM chain \
         CROSS JOIN run_events ON run_events.pk = chain.previous_pk WHERE run_events.last_position > ?2 \
         ) SELECT pk, first_position FROM chain",
    )?;
    // No position lies beyond what the column can hold.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut found = statement.query(params![newest, after])?;
    let mut batches = Vec::new();
    while let Some(row) = found.next()? {
        batches.push(Batch {
            pk: row.get(0)?,
            first: to_count(row.get(1)?, "run_events.first_position")?,
        });
    }
    batches.reverse();
    Ok(batches)
}

fn read_batch<T>(
    connection: &Connection,
    pk: i64,
    read: impl FnOnce(&str) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut statement = connection.prepare_cached("SELECT events FROM run_events WHERE pk = ?1")?;
    let mut found = statement.query([pk])?;
    let row = found
        .next()?
        .ok_or_else(|| unreadable("run_events.previous_pk"))?;
    read(text(row, 0, "run_events.events")?)
}

/// Adds a batch behind the newest; answers its row, which the run's row has to name from now on.
pub(super) fn add(
    connection: &Connection,
    run_pk: i64,
    newest: Option<i64>,
    (first, last): (u64, u64),
    events: &str,
) -> Result<i64, Error> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO run_events (run_pk, previous_pk, first_position, last_position, events) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .insert(params![
            run_pk,
            newest,
            to_integer(first, "a run's position")?,
            to_integer(last, "a run's position")?,
            events,
        ])?)
}

/// Takes out the newest batch; answers the one before it.
pub(super) fn take_newest(connection: &Connection, newest: i64) -> Result<Option<i64>, Error> {
    Ok(connection
        .prepare_cached("DELETE FROM run_events WHERE pk = ?1 RETURNING previous_pk")?
        .query_row([newest], |row| row.get(0))?)
}

/// Takes out all of it, and says so in the run.
pub(super) fn clear(
    connection: &Connection,
    run_pk: i64,
    newest: Option<i64>,
) -> Result<(), Error> {
    for batch in batches_after(connection, newest, 0)? {
        connection
            .prepare_cached("DELETE FROM run_events WHERE pk = ?1")?
            .execute([batch.pk])?;
    }
    connection
        .prepare_cached("UPDATE runs SET log_cleared = 1, newest_batch_pk = NULL WHERE pk = ?1")?
        .execute([run_pk])?;
    Ok(())
}

/// Puts a batch where it belongs, in place of the one that begins where it does if there is one.
pub(crate) fn import(
    connection: &Connection,
    run_pk: i64,
    (first, last): (u64, u64),
    events: &str,
) -> Result<(), Error> {
    let newest = newest_of(connection, run_pk)?;
    let at_or_after: Vec<Batch> = batches_after(connection, newest, first.saturating_sub(1))?
        .into_iter()
        .filter(|batch| batch.first >= first)
        .collect();
    match at_or_after.first() {
        Some(same) if same.first == first => {
            connection
                .prepare_cached(
                    "UPDATE run_events SET last_position = ?2, events = ?3 WHERE pk = ?1",
                )?
                .execute(params![
                    same.pk,
                    to_integer(last, "a run's position")?,
                    events
                ])?;
        }
        Some(next) => {
            let previous: Option<i64> = connection
                .prepare_cached("SELECT previous_pk FROM run_events WHERE pk = ?1")?
                .query_row([next.pk], |row| row.get(0))?;
            let pk = add(connection, run_pk, previous, (first, last), events)?;
            connection
                .prepare_cached("UPDATE run_events SET previous_pk = ?2 WHERE pk = ?1")?
                .execute([next.pk, pk])?;
        }
        None => {
            let pk = add(connection, run_pk, newest, (first, last), events)?;
            connection
                .prepare_cached("UPDATE runs SET newest_batch_pk = ?2 WHERE pk = ?1")?
                .execute([run_pk, pk])?;
        }
    }
    Ok(())
}

fn newest_of(connection: &Connection, run_pk: i64) -> Result<Option<i64>, Error> {
    Ok(connection
        .prepare_cached("SELECT newest_batch_pk FROM runs WHERE pk = ?1")?
        .query_row([run_pk], |row| row.get(0))
        .optional()?
        .flatten())
}

fn decode(batch: &str) -> Result<Vec<LoggedEvent>, Error> {
    decode_events(batch).map_err(|_| unreadable("run_events.events"))
}
