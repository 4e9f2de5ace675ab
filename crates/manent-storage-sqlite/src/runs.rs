//! Runs: what becomes of them is decided by the domain, here are the statements.

mod answer;
mod interrupt;
mod log;
mod record;
mod row;

use manent_domain::error::Refusal;
use manent_domain::run::{Begun, NewRun, Run};
use manent_types::{ConversationId, MessageStatus, RunId, Timestamp, UserId};
use rusqlite::{Connection, params};

use crate::conversations;
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
    let mut is_told = true;
    if let Some(target) = new.record {
        match conversations::presence(unit.connection, owner, target.conversation, now)? {
            Some(presence) => is_told = !presence.is_temporary,
            None => return Ok(Begun::Refused(Refusal::ConversationNotFound)),
        }
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
    if is_told {
        unit.changed(owner, SubjectTable::Runs, pk, now);
    }
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

/// The run that began last of those whose answers go into a conversation.
pub(crate) fn newest_of(
    connection: &Connection,
    owner: UserId,
    conversation: ConversationId,
) -> Result<Option<Run>, Error> {
    let sql = newest_run();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([owner.to_string(), conversation.to_string()])?;
    found.next()?.map(row::run).transpose()
}

fn newest_run() -> String {
    format!(
        "SELECT {RUN_COLUMNS} FROM runs WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND conversation_id = ?2 \
         AND conversation_id IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1"
    )
}

/// The runs that are stored as running, those that began last first.
pub(crate) fn running_of(
    connection: &Connection,
    owner: UserId,
    limit: usize,
) -> Result<Vec<Run>, Error> {
    let sql = format!(
        "SELECT {RUN_COLUMNS} FROM runs WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND status = 'running' \
         ORDER BY started_at DESC, id DESC LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = to_integer(limit as u64, "the limit")?;
    let mut found = statement.query(params![owner.to_string(), limit])?;
    let mut running = Vec::new();
    while let Some(row) = found.next()? {
        running.push(row::run(row)?);
    }
    Ok(running)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn the_newest_run_is_found_by_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", newest_run());
        let mut statement = connection.prepare(&sql).unwrap();
        let steps = statement.query_map(["", ""], |row| row.get(3));
        let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        let by_index =
            "SEARCH runs USING INDEX runs_by_conversation (owner_pk=? AND conversation_id=?)";
        assert!(steps.iter().any(|step| step == by_index), "{steps:?}");
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}
