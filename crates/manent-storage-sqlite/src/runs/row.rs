//! The rows of runs.

use manent_domain::append::ParentRef;
use manent_domain::run::{RecordTarget, Run, RunEnd};
use manent_types::{RunId, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::error::{Error, to_count, to_integer};
use crate::rows::{parsed, parsed_option, text, timestamp, timestamp_option, unreadable};

/// The columns that [`run`] reads, in its order.
pub(crate) const RUN_COLUMNS: &str = "id, node_id, conversation_id, message_id, parent, status, provider, model, last_position, \
     stop_requested, outcome, started_at, heartbeat_at, ended_at, log_cleared";

pub(crate) fn run(row: &Row<'_>) -> Result<Run, Error> {
    let end = row
        .get_ref(10)?
        .as_str_or_null()
        .map_err(|_| unreadable("runs.outcome"))?
        .map(serde_json::from_str)
        .transpose()
        .map_err(|_| unreadable("runs.outcome"))?;
    Ok(Run {
        id: parsed(row, 0, "runs.id")?,
        node: parsed(row, 1, "runs.node_id")?,
        record: record(row)?,
        status: parsed(row, 5, "runs.status")?,
        provider: row.get(6)?,
        model: row.get(7)?,
        last_position: to_count(row.get(8)?, "runs.last_position")?,
        stop_requested: row.get(9)?,
        end,
        started_at: timestamp(row, 11, "runs.started_at")?,
        heartbeat_at: timestamp(row, 12, "runs.heartbeat_at")?,
        ended_at: timestamp_option(row, 13, "runs.ended_at")?,
        log_cleared: row.get(14)?,
    })
}

fn record(row: &Row<'_>) -> Result<Option<RecordTarget>, Error> {
    let Some(conversation) = parsed_option(row, 2, "runs.conversation_id")? else {
        return Ok(None);
    };
    Ok(Some(RecordTarget {
        conversation,
        message: parsed(row, 3, "runs.message_id")?,
        parent: match text(row, 4, "runs.parent")? {
            "newest" => ParentRef::Newest,
            "root" => ParentRef::Root,
            _ => ParentRef::Message(parsed(row, 4, "runs.parent")?),
        },
    }))
}

/// A run with its row and the end of its log.
pub(super) struct StoredRun {
    pub(super) pk: i64,
    /// The newest batch's row.
    pub(super) newest_batch: Option<i64>,
    pub(super) run: Run,
}

/// The columns that [`stored_run`] reads, in its order.
pub(super) fn stored_run_columns() -> String {
    format!("{RUN_COLUMNS}, pk, newest_batch_pk")
}

pub(super) fn stored_run(row: &Row<'_>) -> Result<StoredRun, Error> {
    Ok(StoredRun {
        pk: row.get(15)?,
        newest_batch: row.get(16)?,
        run: run(row)?,
    })
}

/// The owner's run with this id.
pub(super) fn find(
    connection: &Connection,
    owner_pk: i64,
    id: RunId,
) -> Result<Option<StoredRun>, Error> {
    let columns = stored_run_columns();
    let sql = format!("SELECT {columns} FROM runs WHERE owner_pk = ?1 AND id = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![owner_pk, id.to_string()])?;
    found.next()?.map(stored_run).transpose()
}

/// Inserts a run, in place of the one with its id if there is one; answers its row.
pub(crate) fn insert(connection: &Connection, owner_pk: i64, run: &Run) -> Result<i64, Error> {
    let parent = run.record.map(|target| match target.parent {
        ParentRef::Newest => "newest".to_owned(),
        ParentRef::Root => "root".to_owned(),
        ParentRef::Message(id) => id.to_string(),
    });
    Ok(connection
        .prepare_cached(
            "INSERT INTO runs (owner_pk, id, node_id, conversation_id, message_id, parent, status, provider, model, last_position, \
             stop_requested, outcome, started_at, heartbeat_at, ended_at, log_cleared) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET node_id = excluded.node_id, conversation_id = excluded.conversation_id, \
             message_id = excluded.message_id, parent = excluded.parent, status = excluded.status, provider = excluded.provider, \
             model = excluded.model, last_position = excluded.last_position, stop_requested = excluded.stop_requested, \
             outcome = excluded.outcome, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at, \
             ended_at = excluded.ended_at, log_cleared = excluded.log_cleared RETURNING pk",
        )?
        .query_row(
            params![
                owner_pk,
                run.id.to_string(),
                run.node.to_string(),
                run.record.map(|target| target.conversation.to_string()),
                run.record.map(|target| target.message.to_string()),
                parent,
                run.status.as_str(),
                run.provider,
                run.model,
                to_integer(run.last_position, "a run's position")?,
                run.stop_requested,
                outcome(run.end.as_ref())?,
                run.started_at.as_millisecond(),
                run.heartbeat_at.as_millisecond(),
                run.ended_at.map(Timestamp::as_millisecond),
                run.log_cleared,
            ],
            |row| row.get(0),
        )?)
}

/// Writes what a piece of progress changed.
pub(super) fn update(
    connection: &Connection,
    stored: &StoredRun,
    after: &Run,
    newest_batch: Option<i64>,
) -> Result<(), Error> {
    let (pk, before) = (stored.pk, &stored.run);
    let position = to_integer(after.last_position, "a run's position")?;
    let heartbeat = after.heartbeat_at.as_millisecond();
    if before.status == after.status
        && before.end == after.end
        && before.ended_at == after.ended_at
        && before.provider == after.provider
        && before.model == after.model
    {
        // Nearly always. It leaves the indexes alone.
        connection
            .prepare_cached(
                "UPDATE runs SET last_position = ?2, heartbeat_at = ?3, newest_batch_pk = ?4 WHERE pk = ?1",
            )?
            .execute(params![pk, position, heartbeat, newest_batch])?;
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE runs SET last_position = ?2, heartbeat_at = ?3, status = ?4, provider = ?5, model = ?6, outcome = ?7, \
             ended_at = ?8, newest_batch_pk = ?9 WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            position,
            heartbeat,
            after.status.as_str(),
            after.provider,
            after.model,
            outcome(after.end.as_ref())?,
            after.ended_at.map(Timestamp::as_millisecond),
            newest_batch,
        ])?;
    Ok(())
}

fn outcome(end: Option<&RunEnd>) -> Result<Option<String>, Error> {
    end.map(serde_json::to_string)
        .transpose()
        .map_err(|_| Error::Unfit {
            what: "the end of a run",
        })
}
