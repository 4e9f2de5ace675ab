//! The rows of runs.

use manent_domain::append::ParentRef;
use manent_domain::run::{RecordTarget, Run, RunEnd};
use manent_types::MessageId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::Error;
use crate::rows::{
    conversation_id_option, count, get, message_id_option, node_id, parsed, run_id, timestamp,
    timestamp_option, unreadable,
};

/// The columns that [`run`] reads, in its order.
pub(crate) const RUN_COLUMNS: &str = "runs.id, runs.node_id, runs.conversation_id, runs.message_id, runs.parent, runs.status, \
     runs.provider, runs.model, runs.last_position, runs.stop_requested, runs.outcome, runs.started_at, runs.heartbeat_at, \
     runs.ended_at, runs.log_cleared";

/// The run whose columns begin at `at`.
pub(crate) fn run(row: &Row, at: usize) -> Result<Run, Error> {
    let end: Option<&str> = get(row, at + 10, "runs.outcome")?;
    Ok(Run {
        id: run_id(row, at, "runs.id")?,
        node: node_id(row, at + 1, "runs.node_id")?,
        record: record(row, at + 2)?,
        status: parsed(row, at + 5, "runs.status")?,
        provider: get(row, at + 6, "runs.provider")?,
        model: get(row, at + 7, "runs.model")?,
        last_position: count(row, at + 8, "runs.last_position")?,
        stop_requested: get(row, at + 9, "runs.stop_requested")?,
        end: end
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| unreadable("runs.outcome"))?,
        started_at: timestamp(row, at + 11, "runs.started_at")?,
        heartbeat_at: timestamp(row, at + 12, "runs.heartbeat_at")?,
        ended_at: timestamp_option(row, at + 13, "runs.ended_at")?,
        log_cleared: get(row, at + 14, "runs.log_cleared")?,
    })
}

fn record(row: &Row, at: usize) -> Result<Option<RecordTarget>, Error> {
    let Some(conversation) = conversation_id_option(row, at, "runs.conversation_id")? else {
        return Ok(None);
    };
    let message = message_id_option(row, at + 1, "runs.message_id")?
        .ok_or_else(|| unreadable("runs.message_id"))?;
    let parent = match get(row, at + 2, "runs.parent")? {
        "newest" => ParentRef::Newest,
        "root" => ParentRef::Root,
        id => ParentRef::Message(id.parse().map_err(|_| unreadable("runs.parent"))?),
    };
    Ok(Some(RecordTarget {
        conversation,
        message,
        parent,
    }))
}

/// The column `conversation_id`.
pub(crate) fn conversation_column(run: &Run) -> Option<Uuid> {
    run.record.map(|record| record.conversation.as_uuid())
}

/// The column `message_id`.
pub(crate) fn message_column(run: &Run) -> Option<Uuid> {
    run.record.map(|record| record.message.as_uuid())
}

/// The column `parent`.
pub(crate) fn parent_column(run: &Run) -> Option<String> {
    run.record.map(|record| match record.parent {
        ParentRef::Newest => "newest".to_owned(),
        ParentRef::Root => "root".to_owned(),
        ParentRef::Message(id) => MessageId::to_string(&id),
    })
}

/// The column `outcome`.
pub(crate) fn outcome_column(end: Option<&RunEnd>) -> Result<Option<String>, Error> {
    end.map(serde_json::to_string)
        .transpose()
        .map_err(|_| Error::Unfit {
            what: "the end of a run",
        })
}

/// A provider's or model's name as a text column can hold it: all but the one character that Postgres has no text with.
pub(crate) fn name_column(name: Option<&str>) -> Option<String> {
    name.map(|name| name.replace('\0', ""))
}
