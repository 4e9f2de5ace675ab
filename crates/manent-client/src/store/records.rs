//! The rows: each record under its key, and what a start makes of them.

use manent_engine::answers::{AnswerOperation, StoredAnswer};
use manent_engine::{
    ItemId, LaneId, Millis, Record, Snapshot, StoreOperation, StoredItem, StoredLane, StoredPace,
};
use manent_types::RunId;
use rusqlite::types::ValueRef;
use rusqlite::{Transaction, params};

use crate::answers::AnswerPayload;
use crate::messages::LaterMessage;
use crate::payload::Payload;
use crate::store::StorageWarning;

/// Under which key something is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

const ITEM: &str = "item/";
const LANE: &str = "lane/";
const PACE: &str = "pace";
const ANSWER: &str = "answer/";
/// What is said when its turn comes: read when it is asked for.
pub(super) const LATER: &str = "later/";
const INSTALLATION: &str = "installation";

impl Key {
    fn answer(run: RunId) -> Self {
        Self(format!("{ANSWER}{run}"))
    }

    pub(crate) fn installation() -> Self {
        Self(INSTALLATION.to_owned())
    }

    fn item(id: ItemId) -> Self {
        Self(format!("{ITEM}{id}"))
    }

    fn lane(lane: &LaneId) -> Self {
        Self(format!("{LANE}{}/{}", lane.device, lane.stream))
    }
}

/// One change of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Write this under its key, over whatever was there.
    Put(Key, String),
    /// Remove what is under this key.
    Delete(Key),
    /// Remove everything that the user put there.
    Clear,
}

impl Change {
    /// What an operation of the engine means for the rows.
    ///
    /// # Errors
    /// When a payload cannot be written as JSON.
    pub(crate) fn of(operation: &StoreOperation<Payload>) -> Result<Self, serde_json::Error> {
        Ok(match operation {
            StoreOperation::PutItem(item) => put_item(item)?,
            StoreOperation::DeleteItem(id) => Self::Delete(Key::item(*id)),
            StoreOperation::PutLane(lane) => put_lane(lane)?,
            StoreOperation::PutPace(pace) => put_pace(*pace)?,
            StoreOperation::Clear => Self::Clear,
        })
    }

    /// What an operation on answers means for the rows.
    ///
    /// # Errors
    /// When a payload cannot be written as JSON.
    pub(crate) fn of_answer(
        operation: &AnswerOperation<AnswerPayload>,
    ) -> Result<Self, serde_json::Error> {
        Ok(match operation {
            AnswerOperation::Put(answer) => Self::Put(Key::answer(answer.run), answer.encode()?),
            AnswerOperation::Delete(run) => Self::Delete(Key::answer(*run)),
        })
    }
}

fn put_pace(pace: StoredPace) -> Result<Change, serde_json::Error> {
    let record: Record<Payload> = Record::Pace(pace);
    Ok(Change::Put(Key(PACE.to_owned()), record.encode()?))
}

fn put_item(item: &StoredItem<Payload>) -> Result<Change, serde_json::Error> {
    let key = Key::item(item.id);
    Ok(Change::Put(key, Record::Item(item.clone()).encode()?))
}

fn put_lane(lane: &StoredLane) -> Result<Change, serde_json::Error> {
    let key = Key::lane(&lane.lane);
    let record: Record<Payload> = Record::Lane(lane.clone());
    Ok(Change::Put(key, record.encode()?))
}

/// Everything that a start needs.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// For the engine.
    pub(crate) snapshot: Snapshot<Payload>,
    /// Answers that were asked for and whose end was not seen.
    pub(crate) answers: Vec<StoredAnswer<AnswerPayload>>,
    /// The name that this installation gave itself.
    pub(crate) installation: Option<String>,
}

/// Makes one change.
pub(super) fn apply(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Put(Key(key), body) => transaction
            .prepare_cached(
                "INSERT INTO record (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = ?2",
            )?
            .execute([key, body])?,
        Change::Delete(Key(key)) => transaction
            .prepare_cached("DELETE FROM record WHERE key = ?1")?
            .execute([key])?,
        Change::Clear => {
            transaction.execute("DELETE FROM record WHERE key <> ?1", [INSTALLATION])?
                + transaction.execute("DELETE FROM copy", [])?
        }
    };
    Ok(())
}

/// Reads all records and moves those that cannot be used into their own table.
pub(super) fn load(
    transaction: &Transaction<'_>,
    now: Millis,
) -> rusqlite::Result<(Loaded, Option<StorageWarning>)> {
    let mut loaded = Loaded::default();
    let mut unusable = Vec::new();
    {
        let mut statement = transaction.prepare("SELECT key, body FROM record")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (key, body) = (bytes(row.get_ref(0)?), bytes(row.get_ref(1)?));
            if let Err(reason) = take_in(&mut loaded, &key, &body) {
                unusable.push((key, body, reason));
            }
        }
    }
    let warning = unusable
        .first()
        .map(|(_, _, reason)| StorageWarning::RecordsSetAside {
            records: unusable.len(),
            reason: reason.clone(),
        });
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    for (key, body, reason) in unusable {
        transaction.execute(
            "INSERT INTO set_aside (set_aside_at, key, body, reason) VALUES (?1, ?2, ?3, ?4)",
            params![now, key, body, reason],
        )?;
        transaction.execute("DELETE FROM record WHERE CAST(key AS BLOB) = ?1", [key])?;
    }
    Ok((loaded, warning))
}

fn bytes(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Vec::new(),
    }
}

fn take_in(loaded: &mut Loaded, key: &[u8], body: &[u8]) -> Result<(), String> {
    let not_text = |_| "damaged record: not UTF-8".to_owned();
    let key = std::str::from_utf8(key).map_err(not_text)?;
    let body = std::str::from_utf8(body).map_err(not_text)?;
    if key == INSTALLATION {
        loaded.installation = Some(body.to_owned());
    } else if key.starts_with(LATER) {
        serde_json::from_str::<LaterMessage>(body)
            .map_err(|error| format!("damaged record: {error}"))?;
    } else if key.starts_with(ANSWER) {
        let answer = StoredAnswer::decode(body).map_err(|error| error.to_string())?;
        loaded.answers.push(answer);
    } else {
        match Record::decode(body).map_err(|error| error.to_string())? {
            Record::Item(item) => loaded.snapshot.items.push(item),
            Record::Lane(lane) => loaded.snapshot.lanes.push(lane),
            Record::Pace(pace) => loaded.snapshot.pace = Some(pace),
        }
    }
    Ok(())
}
