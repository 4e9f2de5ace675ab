//! Reading runs and their logs.

use deadpool_postgres::ClientWrapper;
use manent_domain::run::{Run, RunLogPage, decode_events};
use manent_types::{ConversationId, NodeId, RunId, Timestamp, UserId};

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, value};
use crate::rows::{get, run_id, unreadable, user_id};
use crate::run_rows::{self, RUN_COLUMNS};

/// The most batches of a page of a log.
const BATCHES: i64 = 4_096;

/// One run.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: RunId,
) -> Result<Option<Run>, Error> {
    let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE owner_id = $1 AND id = $2");
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&owner.as_uuid(), &id.as_uuid()])
        .await?;
    row.map(|row| run_rows::run(&row, 0)).transpose()
}

/// The run that began last of those whose answers go into a conversation.
pub(crate) async fn newest_of(
    client: &ClientWrapper,
    owner: UserId,
    conversation: ConversationId,
) -> Result<Option<Run>, Error> {
    let sql = format!(
        "SELECT {RUN_COLUMNS} FROM runs WHERE owner_id = $1 AND conversation_id = $2 ORDER BY started_at DESC, id DESC LIMIT 1"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&owner.as_uuid(), &conversation.as_uuid()])
        .await?;
    row.map(|row| run_rows::run(&row, 0)).transpose()
}

/// The runs that are stored as running, those that began last first.
pub(crate) async fn running_of(
    client: &ClientWrapper,
    owner: UserId,
    limit: usize,
) -> Result<Vec<Run>, Error> {
    let sql = format!(
        "SELECT {RUN_COLUMNS} FROM runs WHERE owner_id = $1 AND status = 'running' ORDER BY started_at DESC, id DESC LIMIT $2"
    );
    let statement = client.prepare_cached(&sql).await?;
    let limit = to_integer(limit as u64, "the limit")?;
    let rows = client
        .query(&statement, &[&owner.as_uuid(), &limit])
        .await?;
    rows.iter().map(|row| run_rows::run(row, 0)).collect()
}

/// The log from just after a position, and the run as it stood in the same moment.
pub(crate) async fn read_log(
    client: &ClientWrapper,
    owner: UserId,
    id: RunId,
    after: u64,
    max_bytes: usize,
) -> Result<Option<RunLogPage>, Error> {
    let mut pipeline = Pipeline::new(client);
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    pipeline.add(begin, Vec::new()).await?;
    let sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE owner_id = $1 AND id = $2");
    let key = || vec![value(owner.as_uuid()), value(id.as_uuid())];
    pipeline.add(&sql, key()).await?;
    // The batch that holds the asked position begins at or before it; nothing before that batch is looked at.
    let sql = "SELECT events FROM (SELECT events, first_position, row_number() OVER place AS number, \
         sum(octet_length(events)) OVER place AS bytes \
         FROM (SELECT events, first_position FROM run_events WHERE owner_id = $1 AND run_id = $2 AND last_position > $3 AND first_position >= \
         COALESCE((SELECT max(first_position) FROM run_events WHERE owner_id = $1 AND run_id = $2 AND first_position <= $3), 0) \
         ORDER BY first_position LIMIT $5) AS following WINDOW place AS (ORDER BY first_position)) AS batches \
         WHERE number = 1 OR bytes <= $4 ORDER BY first_position";
    let mut values = key();
    // No position lies beyond what the column can hold.
    values.push(value(i64::try_from(after).unwrap_or(i64::MAX)));
    values.push(value(i64::try_from(max_bytes).unwrap_or(i64::MAX)));
    values.push(value(BATCHES));
    pipeline.add(sql, values).await?;
    pipeline.add("COMMIT", Vec::new()).await?;
    let answers = pipeline.run().await?;
    let [_, runs, batches, _] = answers.as_slice() else {
        return Ok(None);
    };
    let Some(row) = runs.first() else {
        return Ok(None);
    };
    let run = run_rows::run(row, 0)?;
    let mut events = Vec::new();
    for row in batches {
        let batch = decode_events(get(row, 0, "run_events.events")?)
            .map_err(|_| unreadable("run_events.events"))?;
        events.extend(batch);
    }
    Ok(Some(RunLogPage { run, events }))
}

/// Runs of other nodes that seem to be dead.
pub(crate) async fn dead(
    client: &ClientWrapper,
    node: NodeId,
    heard_before: Timestamp,
    limit: usize,
) -> Result<Vec<(UserId, RunId)>, Error> {
    let statement = client
        .prepare_cached(
            "SELECT owner_id, id FROM runs WHERE status = 'running' AND node_id <> $1 AND heartbeat_at < $2 ORDER BY started_at, id LIMIT $3",
        )
        .await?;
    let limit = to_integer(limit as u64, "the limit")?;
    let rows = client
        .query(
            &statement,
            &[&node.as_uuid(), &heard_before.as_millisecond(), &limit],
        )
        .await?;
    rows.iter().map(key).collect()
}

/// Runs that ended before a time and still have their logs.
pub(crate) async fn logged(
    client: &ClientWrapper,
    ended_before: Timestamp,
    limit: usize,
) -> Result<Vec<(UserId, RunId)>, Error> {
    let statement = client
        .prepare_cached(
            "SELECT owner_id, id FROM runs WHERE ended_at IS NOT NULL AND NOT log_cleared AND ended_at < $1 ORDER BY ended_at LIMIT $2",
        )
        .await?;
    let limit = to_integer(limit as u64, "the limit")?;
    let rows = client
        .query(&statement, &[&ended_before.as_millisecond(), &limit])
        .await?;
    rows.iter().map(key).collect()
}

fn key(row: &tokio_postgres::Row) -> Result<(UserId, RunId), Error> {
    Ok((
        user_id(row, 0, "runs.owner_id")?,
        run_id(row, 1, "runs.id")?,
    ))
}
