//! Reads the device's records by hand; [`write`] writes them.
//!
//! It reads what `manent_engine::Record::decode` and `StoredAnswer::decode` read, and refuses what they refuse: a test compares the two. The code
//! that `serde` writes for these types would be a third of what a browser downloads. Fields that are added make this file not compile; a
//! new reason makes its test not compile.

mod write;

use manent_engine::answers::{ANSWERS_STORED_VERSION, AnswerRecordError, StoredAnswer};
use manent_engine::append_api::MessagePayload;
use manent_engine::{
    FailReason, Fate, LaneId, Millis, RecordError, STORED_VERSION, Snapshot, StoredItem,
    StoredLane, StoredPace, TraceContext,
};
use manent_types::{DeviceId, RunId};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::wire::{WireError, item_id, uuid};
pub(crate) use write::{answer_json, record_json};

type Object = Map<String, Value>;

/// A JSON object, read in full.
pub(crate) fn object(text: &str) -> Result<Object, WireError> {
    match serde_json::from_str(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(WireError::NoObject),
    }
}

/// Reads every record, and tells which (by their place) cannot be used.
pub(crate) fn read_records(
    records: &[String],
) -> (Snapshot<MessagePayload>, Vec<(usize, RecordError)>) {
    let mut snapshot = Snapshot::default();
    let mut refused = Vec::new();
    for (place, text) in records.iter().enumerate() {
        if let Err(error) = read_record(text, &mut snapshot) {
            refused.push((place, error));
        }
    }
    (snapshot, refused)
}

fn read_record(text: &str, snapshot: &mut Snapshot<MessagePayload>) -> Result<(), RecordError> {
    let damaged = |detail: &str| RecordError::Damaged {
        detail: detail.to_owned(),
    };
    let mut envelope = object(text).map_err(|_| damaged("no JSON object"))?;
    let version = version_of(&envelope).ok_or_else(|| damaged("no version"))?;
    if version > STORED_VERSION {
        return Err(RecordError::Newer { found: version });
    }
    let Some(Value::Object(record)) = envelope.get_mut("record").map(Value::take) else {
        return Err(damaged("no record"));
    };
    let mut kinds = record.into_iter();
    let (Some((kind, Value::Object(record))), None) = (kinds.next(), kinds.next()) else {
        return Err(damaged("not one kind of record"));
    };
    let is_read = match kind.as_str() {
        "item" => read_item(record).map(|item| snapshot.items.push(item)),
        "lane" => read_lane(&record).map(|lane| snapshot.lanes.push(lane)),
        "pace" => read_pace(&record).map(|pace| snapshot.pace = Some(pace)),
        _ => None,
    };
    is_read.ok_or_else(|| damaged(&format!("fields of {kind}")))
}

fn version_of(envelope: &Object) -> Option<u32> {
    u32::try_from(envelope.get("version")?.as_u64()?).ok()
}

fn read_item(mut record: Object) -> Option<StoredItem<MessagePayload>> {
    let Some(Value::Object(payload)) = record.get_mut("payload").map(Value::take) else {
        return None;
    };
    Some(StoredItem {
        id: item_id(text(&record, "id")?).ok()?,
        lane: lane_id(&record)?,
        order: number(&record, "order")?,
        late_rank: optional(&record, "lateRank", number)?,
        put_behind: optional(&record, "putBehind", number)?,
        parent: optional(&record, "parent", |record, name| {
            item_id(text(record, name)?).ok()
        })?,
        payload,
        size_bytes: number(&record, "sizeBytes")?,
        trace: optional(&record, "trace", trace)?,
        enqueued_at: number(&record, "enqueuedAt")?,
        is_held: flag(&record, "isHeld")?,
        fate: fate(inner(&record, "fate")?)?,
    })
}

fn read_lane(record: &Object) -> Option<StoredLane> {
    Some(StoredLane {
        lane: lane_id(record)?,
        applied: number(record, "applied")?,
        is_uncertain: flag(record, "isUncertain")?,
    })
}

fn read_pace(record: &Object) -> Option<StoredPace> {
    Some(StoredPace {
        noted_at: number(record, "notedAt")?,
        open_until: optional(record, "openUntil", number)?,
        openings: match record.get("openings") {
            None => 0,
            Some(openings) => u32::try_from(openings.as_u64()?).ok()?,
        },
        patience_until: optional(record, "patienceUntil", number)?,
    })
}

fn fate(record: &Object) -> Option<Fate> {
    Some(match text(record, "type")? {
        "pending" => Fate::Pending,
        "failed" => Fate::Failed {
            reason: reason(inner(record, "reason")?)?,
        },
        "discarded" => Fate::Discarded {
            reason: reason(inner(record, "reason")?)?,
        },
        _ => return None,
    })
}

fn reason(record: &Object) -> Option<FailReason> {
    let words = |record: &Object, name: &str| text(record, name).map(str::to_owned);
    Some(match text(record, "type")? {
        "rejected" => FailReason::Rejected {
            code: words(record, "code")?,
            detail: optional(record, "detail", words)?,
        },
        "conflict" => FailReason::Conflict,
        "blocked" => FailReason::Blocked {
            by: optional(record, "by", |record, name| {
                item_id(text(record, name)?).ok()
            })?,
        },
        "tooLarge" => FailReason::TooLarge {
            limit_bytes: number(record, "limit_bytes")?,
        },
        "withdrawn" => FailReason::Withdrawn,
        _ => return None,
    })
}

/// Reads the record of an answer.
pub(crate) fn read_answer(record: &str) -> Result<StoredAnswer<String>, AnswerRecordError> {
    let damaged = |detail: &str| AnswerRecordError::Damaged {
        detail: detail.to_owned(),
    };
    let envelope = object(record).map_err(|_| damaged("no JSON object"))?;
    let version = version_of(&envelope).ok_or_else(|| damaged("no version"))?;
    if version > ANSWERS_STORED_VERSION {
        return Err(AnswerRecordError::Newer { found: version });
    }
    let answer = inner(&envelope, "answer").and_then(|answer| {
        Some(StoredAnswer {
            run: RunId::new(id(answer, "run")?),
            holder: device(answer, "holder")?,
            payload: text(answer, "payload")?.to_owned(),
            trace: optional(answer, "trace", trace)?,
            wanted_at: number(answer, "wantedAt")?,
        })
    });
    answer.ok_or_else(|| damaged("fields of an answer"))
}

fn lane_id(record: &Object) -> Option<LaneId> {
    let lane = inner(record, "lane")?;
    Some(LaneId {
        device: device(lane, "device")?,
        stream: id(lane, "stream")?,
    })
}

fn inner<'record>(record: &'record Object, name: &str) -> Option<&'record Object> {
    record.get(name)?.as_object()
}

fn text<'record>(record: &'record Object, name: &str) -> Option<&'record str> {
    record.get(name)?.as_str()
}

fn number(record: &Object, name: &str) -> Option<Millis> {
    record.get(name)?.as_u64()
}

fn id(record: &Object, name: &str) -> Option<Uuid> {
    uuid(text(record, name)?).ok()
}

fn device(record: &Object, name: &str) -> Option<DeviceId> {
    text(record, name)?.parse().ok()
}

fn trace(record: &Object, name: &str) -> Option<TraceContext> {
    text(record, name)?.parse().ok()
}

/// Absent: not set.
fn flag(record: &Object, name: &str) -> Option<bool> {
    match record.get(name) {
        None => Some(false),
        Some(flag) => flag.as_bool(),
    }
}

/// Absent or `null`: nothing. Of another form: the record is damaged.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether the record can be read"
)]
fn optional<T>(
    record: &Object,
    name: &str,
    read: impl Fn(&Object, &str) -> Option<T>,
) -> Option<Option<T>> {
    match record.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(_) => read(record, name).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use manent_engine::{ItemId, Record};
    use serde_json::json;

    use super::*;

    fn reasons() -> Vec<FailReason> {
        let all = vec![
            FailReason::Rejected {
                code: "content_empty".to_owned(),
                detail: None,
            },
            FailReason::Rejected {
                code: "content_empty".to_owned(),
                detail: Some("Write \"something\".".to_owned()),
            },
            FailReason::Conflict,
            FailReason::Blocked { by: None },
            FailReason::Blocked {
                by: Some(ItemId(Uuid::from_u128(5))),
            },
            FailReason::TooLarge { limit_bytes: 9 },
            FailReason::Withdrawn,
        ];
        for reason in &all {
            // A new reason belongs into the list above and into the reader.
            match reason {
                FailReason::Rejected { .. }
                | FailReason::Conflict
                | FailReason::Blocked { .. }
                | FailReason::TooLarge { .. }
                | FailReason::Withdrawn => {}
            }
        }
        all
    }

    fn records() -> Vec<Record<MessagePayload>> {
        let lane = LaneId {
            device: "phone-0".parse().unwrap(),
            stream: Uuid::from_u128(2),
        };
        let payload = object(r#"{"content":"ü","nested":{"a":[1,2.5,null]}}"#).unwrap();
        let item = |fate: Fate, is_full: bool| {
            Record::Item(StoredItem {
                id: ItemId(Uuid::from_u128(1)),
                lane: lane.clone(),
                order: 3,
                late_rank: is_full.then_some(7),
                put_behind: is_full.then_some(6),
                parent: is_full.then_some(ItemId(Uuid::from_u128(4))),
                payload: payload.clone(),
                size_bytes: 5,
                trace: is_full.then(|| {
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                        .parse()
                        .unwrap()
                }),
                enqueued_at: 4,
                is_held: is_full,
                fate,
            })
        };
        let mut records = vec![item(Fate::Pending, false), item(Fate::Pending, true)];
        for reason in reasons() {
            let again = reason.clone();
            records.push(item(Fate::Failed { reason }, false));
            records.push(item(Fate::Discarded { reason: again }, true));
        }
        for is_uncertain in [false, true] {
            records.push(Record::Lane(StoredLane {
                lane: lane.clone(),
                applied: 12,
                is_uncertain,
            }));
        }
        records.push(Record::Pace(StoredPace::default()));
        records.push(Record::Pace(StoredPace {
            noted_at: 1,
            open_until: Some(2),
            openings: 3,
            patience_until: Some(4),
        }));
        records
    }

    /// All ways to take one thing out of a document, or to put something else in its place.
    fn damages(document: &Value) -> Vec<Value> {
        let mut found = vec![Value::Null, json!(7), json!("x"), json!([]), json!({})];
        if let Value::Object(object) = document {
            for (name, value) in object {
                let mut without = object.clone();
                without.remove(name);
                found.push(Value::Object(without));
                for damaged in damages(value) {
                    let mut with = object.clone();
                    with.insert(name.clone(), damaged);
                    found.push(Value::Object(with));
                }
            }
        }
        found
    }

    #[test]
    fn reads_and_refuses_what_the_engines_own_reader_does() {
        for record in records() {
            let text = record.encode().unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            let damaged = damages(&document)
                .into_iter()
                .map(|value| value.to_string());
            for text in damaged.chain([text.clone(), text[..text.len() / 2].to_owned()]) {
                let (expected, refused) = Snapshot::<MessagePayload>::read([text.as_str()]);
                let (snapshot, also_refused) = read_records(std::slice::from_ref(&text));
                assert_eq!(snapshot, expected, "{text}");
                assert_eq!(also_refused.len(), refused.len(), "{text}");
            }
        }
    }

    fn answers() -> impl Iterator<Item = StoredAnswer<String>> {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let traces = [None, Some(trace.parse().unwrap())];
        traces.into_iter().map(|trace| StoredAnswer {
            run: RunId::new(Uuid::from_u128(1)),
            holder: "phone-0".parse().unwrap(),
            payload: "{\"content\":\"\u{1}ü\n\"}".to_owned(),
            trace,
            wanted_at: 4,
        })
    }

    #[test]
    fn writes_what_the_engine_writes() {
        for record in records() {
            assert_eq!(record_json(&record).unwrap(), record.encode().unwrap());
        }
        for answer in answers() {
            assert_eq!(answer_json(&answer), answer.encode().unwrap());
        }
    }

    #[test]
    fn reads_and_refuses_answers_as_the_engines_own_reader_does() {
        for answer in answers() {
            let text = answer.encode().unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            for text in damages(&document)
                .iter()
                .map(Value::to_string)
                .chain([text])
            {
                let expected = StoredAnswer::<String>::decode(&text).ok();
                assert_eq!(read_answer(&text).ok(), expected, "{text}");
            }
        }
    }

    #[test]
    fn a_record_of_a_newer_version_is_told_from_a_damaged_one() {
        let newer = r#"{"version":2,"record":{"something":"else"}}"#.to_owned();
        let (_, refused) = read_records(&[newer, "null".to_owned()]);
        assert_eq!(refused[0], (0, RecordError::Newer { found: 2 }));
        assert!(matches!(refused[1], (1, RecordError::Damaged { .. })));
    }
}
