//! Runs: what becomes of them is decided by the domain, here are the statements.

mod answer;
mod interrupt;
mod log;
mod record;
mod row;

use manent_domain::error::Refusal;
use manent_domain::run::{Begun, NewRun, Run};
use manent_types::{MessageStatus, RunId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::users;
use crate::writer::Unit;
use row::StoredRun;

pub(crate) use interrupt::interrupt_dead;
pub(crate) use log::{batches, import as import_batch, read as read_log};
pub(crate) use record::{PreparedProgress, record};
pub(crate) use row::{RUN_COLUMNS, insert, run as from_row};

/// Registers a run, or finds the owner's existing one.
pub(crate) fn begin(
    unit: &mut Unit<'_>,
    owner: UserId,
    new: &NewRun,
    now: Timestamp,
) -> Result<Begun, Error> {
    if let Some(known) = unit.known_owner(owner)?
        && let Some(existing) = row::find(unit.connection, known.pk, new.id)?
    {
        return Ok(Begun::Existing(existing.run));
    }
    if let Some(target) = new.record
        && !has_conversation(unit.connection, owner, &target.conversation.to_string())?
    {
        return Ok(Begun::Refused(Refusal::ConversationNotFound));
    }
    if unit.is_gone(owner)? {
        return Ok(Begun::Refused(Refusal::ConversationNotFound));
    }
    let owner = unit.owner(owner, now)?;
    let run = Run {
        id: new.id,
        node: new.node,
        record: new.record,
        status: MessageStatus::Running,
        provider: None,
        model: None,
        last_position: 0,
        stop_requested: false,
        end: None,
        started_at: new.started_at,
        heartbeat_at: now,
        ended_at: None,
        log_cleared: false,
    };
    let pk = row::insert(unit.connection, owner.pk, &run)?;
    unit.changed(owner, SubjectTable::Runs, pk, now);
    Ok(Begun::New(run))
}

/// One run.
pub(crate) fn find(
    connection: &Connection,
    owner: UserId,
    id: RunId,
) -> Result<Option<Run>, Error> {
    let Some(owner_pk) = users::find(connection, owner)? else {
        return Ok(None);
    };
    Ok(row::find(connection, owner_pk, id)?.map(|stored| stored.run))
}

/// The run in this row.
pub(crate) fn find_by_row(connection: &Connection, pk: i64) -> Result<Option<Run>, Error> {
    let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE pk = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([pk])?;
    found.next()?.map(row::run).transpose()
}

/// Asks a run to stop.
pub(crate) fn request_stop(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: RunId,
) -> Result<Option<Run>, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(None);
    };
    let Some(StoredRun { pk, mut run, .. }) = row::find(unit.connection, owner.pk, id)? else {
        return Ok(None);
    };
    if run.status == MessageStatus::Running && !run.stop_requested {
        run.stop_requested = true;
        unit.connection
            .prepare_cached("UPDATE runs SET stop_requested = 1 WHERE pk = ?1")?
            .execute([pk])?;
        unit.went_on(owner.id, id);
    }
    Ok(Some(run))
}

/// Clears the logs of runs that ended before a time; answers how many.
pub(crate) fn clear_logs(
    unit: &mut Unit<'_>,
    ended_before: Timestamp,
    limit: usize,
) -> Result<usize, Error> {
    let mut statement = unit.connection.prepare_cached(
        "SELECT pk, newest_batch_pk FROM runs WHERE ended_at IS NOT NULL AND log_cleared = 0 AND ended_at < ?1 ORDER BY ended_at LIMIT ?2",
    )?;
    let found = statement.query_map(
        params![
            ended_before.as_millisecond(),
            to_integer(limit as u64, "the limit")?
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let runs: Vec<(i64, Option<i64>)> = found.collect::<Result<_, _>>()?;
    for (pk, newest_batch) in &runs {
        log::clear(unit.connection, *pk, *newest_batch)?;
    }
    Ok(runs.len())
}

fn has_conversation(
    connection: &Connection,
    owner: UserId,
    conversation: &str,
) -> Result<bool, Error> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM conversations WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2",
        )?
        .query_row([&owner.to_string(), conversation], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
