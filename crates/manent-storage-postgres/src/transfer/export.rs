//! From rows to records, each kind in the order of its table's key: a page costs what it shows, however much lies before it.

use deadpool_postgres::ClientWrapper;
use manent_domain::append::LanePosition;
use manent_domain::feed::Subject;
use manent_domain::transfer::{RecordKind, TransferRecord};
use tokio_postgres::Row;

use crate::documents::{self, DOCUMENT_COLUMNS};
use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, Value, value};
use crate::refusal_rows::refusal_facts;
use crate::rows::{
    self, CONVERSATION_COLUMNS, MESSAGE_COLUMNS, conversation_id, count, fingerprint, get,
    message_id, message_id_option, parsed, run_id, timestamp, unreadable, user_id,
};
use crate::run_rows::{self, RUN_COLUMNS};

/// How a kind is read.
struct Source {
    table: &'static str,
    columns: String,
    /// The columns of its order, the owner first.
    key: &'static [&'static str],
    record: fn(&Row) -> Result<TransferRecord, Error>,
}

/// At most `limit` records of a kind after the given one.
pub(crate) async fn export(
    client: &ClientWrapper,
    kind: RecordKind,
    after: Option<&TransferRecord>,
    limit: usize,
) -> Result<Vec<TransferRecord>, Error> {
    let Some(source) = source(kind) else {
        return Ok(Vec::new());
    };
    let table = source.table;
    let key: Vec<String> = source
        .key
        .iter()
        .map(|column| format!("{table}.{column}"))
        .collect();
    let key = key.join(", ");
    let mut values = match after {
        Some(after) => place(after)?,
        None => Vec::new(),
    };
    let places: Vec<String> = (1..=values.len())
        .map(|number| format!("${number}"))
        .collect();
    let condition = if places.is_empty() {
        String::new()
    } else {
        format!("WHERE ({key}) > ({})", places.join(", "))
    };
    values.push(value(to_integer(limit as u64, "the limit")?));
    let columns = &source.columns;
    let number = values.len();
    let sql = format!("SELECT {columns} FROM {table} {condition} ORDER BY {key} LIMIT ${number}");
    let mut pipeline = Pipeline::new(client);
    pipeline.add(&sql, values).await?;
    let answers = pipeline.run().await?;
    answers.iter().flatten().map(source.record).collect()
}

/// Absent for rows of accounts, which are exported elsewhere.
fn source(kind: RecordKind) -> Option<Source> {
    let source = match kind {
        RecordKind::User => Source {
            table: "users",
            columns: "id, created_at, feed_seq".to_owned(),
            key: &["id"],
            record: user,
        },
        RecordKind::Conversation => Source {
            table: "conversations",
            columns: format!("owner_id, {CONVERSATION_COLUMNS}"),
            key: &["owner_id", "id"],
            record: conversation,
        },
        RecordKind::Message => Source {
            table: "messages",
            columns: format!("owner_id, fingerprint, device_id, device_seq, {MESSAGE_COLUMNS}"),
            key: &["owner_id", "conversation_id", "seq"],
            record: message,
        },
        RecordKind::Lane => Source {
            table: "lanes",
            columns: "owner_id, conversation_id, device_id, device_seq".to_owned(),
            key: &["owner_id", "conversation_id", "device_id"],
            record: lane,
        },
        RecordKind::Refusal => Source {
            table: "lane_refusals",
            columns: "owner_id, conversation_id, device_id, device_seq, item_id, kind, code"
                .to_owned(),
            key: &["owner_id", "conversation_id", "device_id", "device_seq"],
            record: refusal,
        },
        RecordKind::Change => Source {
            table: "changes",
            columns: "owner_id, id, conversation_id, kind, message_id, content_before, fingerprint, seq, device_id, device_seq, applied_at"
                .to_owned(),
            key: &["owner_id", "id"],
            record: change,
        },
        RecordKind::Run => Source {
            table: "runs",
            columns: format!("owner_id, {RUN_COLUMNS}"),
            key: &["owner_id", "id"],
            record: run,
        },
        RecordKind::RunEvents => Source {
            table: "run_events",
            columns: "owner_id, run_id, first_position, last_position, events".to_owned(),
            key: &["owner_id", "run_id", "first_position"],
            record: run_events,
        },
        RecordKind::Feed => Source {
            table: "feed",
            columns: "owner_id, seq, at, kind, subject_id".to_owned(),
            key: &["owner_id", "seq"],
            record: feed,
        },
        RecordKind::Document => Source {
            table: "documents",
            columns: format!("owner_id, {DOCUMENT_COLUMNS}"),
            key: &["owner_id", "kind", "id"],
            record: document,
        },
        _ => return None,
    };
    Some(source)
}

/// The place of a record in the order of its kind.
fn place(record: &TransferRecord) -> Result<Vec<Value<'static>>, Error> {
    let number = |number: &u64| Ok::<_, Error>(value(to_integer(*number, "a number of a record")?));
    Ok(match record {
        TransferRecord::User { id, .. } => vec![value(id.as_uuid())],
        TransferRecord::Conversation {
            owner,
            conversation,
        } => vec![value(owner.as_uuid()), value(conversation.id.as_uuid())],
        TransferRecord::Message { owner, message, .. } => vec![
            value(owner.as_uuid()),
            value(message.conversation.as_uuid()),
            number(&message.seq)?,
        ],
        TransferRecord::Lane {
            owner,
            conversation,
            device,
            ..
        } => vec![
            value(owner.as_uuid()),
            value(conversation.as_uuid()),
            value(device.to_string()),
        ],
        TransferRecord::Refusal {
            owner,
            conversation,
            position,
            ..
        } => vec![
            value(owner.as_uuid()),
            value(conversation.as_uuid()),
            value(position.device.to_string()),
            number(&position.device_seq)?,
        ],
        TransferRecord::Change { owner, id, .. } => {
            vec![value(owner.as_uuid()), value(id.as_uuid())]
        }
        TransferRecord::Run { owner, run } => vec![value(owner.as_uuid()), value(run.id.as_uuid())],
        TransferRecord::RunEvents {
            owner, run, first, ..
        } => vec![value(owner.as_uuid()), value(run.as_uuid()), number(first)?],
        TransferRecord::Feed { owner, seq, .. } => vec![value(owner.as_uuid()), number(seq)?],
        TransferRecord::Document { owner, document } => vec![
            value(owner.as_uuid()),
            value(document.kind.clone()),
            value(document.id.clone()),
        ],
        TransferRecord::AccountRow { .. } => Vec::new(),
    })
}

fn user(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::User {
        id: user_id(row, 0, "users.id")?,
        created_at: timestamp(row, 1, "users.created_at")?,
        feed_seq: count(row, 2, "users.feed_seq")?,
    })
}

fn conversation(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Conversation {
        owner: user_id(row, 0, "conversations.owner_id")?,
        conversation: rows::conversation(row, 1)?.0,
    })
}

/// The place in a lane from the columns `device_id` and `device_seq`.
fn position(row: &Row, at: usize, column: &'static str) -> Result<Option<LanePosition>, Error> {
    let device: Option<&str> = get(row, at, column)?;
    device
        .map(|device| {
            Ok(LanePosition {
                device: device.parse().map_err(|_| unreadable(column))?,
                device_seq: count(row, at + 1, column)?,
            })
        })
        .transpose()
}

fn message(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Message {
        owner: user_id(row, 0, "messages.owner_id")?,
        message: rows::message(row, 4)?,
        fingerprint: fingerprint(row, 1, "messages.fingerprint")?,
        lane: position(row, 2, "messages.device_id")?,
    })
}

fn lane(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Lane {
        owner: user_id(row, 0, "lanes.owner_id")?,
        conversation: conversation_id(row, 1, "lanes.conversation_id")?,
        device: parsed(row, 2, "lanes.device_id")?,
        device_seq: count(row, 3, "lanes.device_seq")?,
    })
}

fn refusal(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Refusal {
        owner: user_id(row, 0, "lane_refusals.owner_id")?,
        conversation: conversation_id(row, 1, "lane_refusals.conversation_id")?,
        position: position(row, 2, "lane_refusals.device_id")?
            .ok_or_else(|| unreadable("lane_refusals.device_id"))?,
        facts: refusal_facts(row, 4)?,
    })
}

fn change(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Change {
        owner: user_id(row, 0, "changes.owner_id")?,
        id: message_id(row, 1, "changes.id")?,
        conversation: conversation_id(row, 2, "changes.conversation_id")?,
        kind: get(row, 3, "changes.kind")?,
        message: message_id_option(row, 4, "changes.message_id")?,
        before: get(row, 5, "changes.content_before")?,
        fingerprint: fingerprint(row, 6, "changes.fingerprint")?,
        seq: count(row, 7, "changes.seq")?,
        lane: position(row, 8, "changes.device_id")?,
        applied_at: timestamp(row, 10, "changes.applied_at")?,
    })
}

fn run(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Run {
        owner: user_id(row, 0, "runs.owner_id")?,
        run: run_rows::run(row, 1)?,
    })
}

fn run_events(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::RunEvents {
        owner: user_id(row, 0, "run_events.owner_id")?,
        run: run_id(row, 1, "run_events.run_id")?,
        first: count(row, 2, "run_events.first_position")?,
        last: count(row, 3, "run_events.last_position")?,
        events: get(row, 4, "run_events.events")?,
    })
}

fn document(row: &Row) -> Result<TransferRecord, Error> {
    Ok(TransferRecord::Document {
        owner: user_id(row, 0, "documents.owner_id")?,
        document: documents::document(row, 1)?,
    })
}

fn feed(row: &Row) -> Result<TransferRecord, Error> {
    let subject = match get(row, 3, "feed.kind")? {
        "conversation" => Subject::Conversation(conversation_id(row, 4, "feed.subject_id")?),
        "message" => Subject::Message(message_id(row, 4, "feed.subject_id")?),
        "run" => Subject::Run(run_id(row, 4, "feed.subject_id")?),
        _ => return Err(unreadable("feed.kind")),
    };
    Ok(TransferRecord::Feed {
        owner: user_id(row, 0, "feed.owner_id")?,
        seq: count(row, 1, "feed.seq")?,
        at: timestamp(row, 2, "feed.at")?,
        subject,
    })
}
