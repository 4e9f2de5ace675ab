//! Writes the device's records by templates.
//!
//! It writes, letter by letter, what `manent_engine::Record::encode` and `StoredAnswer::encode` write: a test compares the two. Fields that are
//! added make this file not compile.

use manent_engine::answers::{ANSWERS_STORED_VERSION, StoredAnswer};
use manent_engine::append_api::MessagePayload;
use manent_engine::{
    FailReason, Fate, LaneId, Record, STORED_VERSION, StoredItem, StoredLane, StoredPace,
};

use crate::wire::json::{Field, Held, Text, written};

/// The record as JSON.
pub(crate) fn record_json(record: &Record<MessagePayload>) -> Result<String, serde_json::Error> {
    let (kind, text) = match record {
        Record::Item(item) => ("item", item_record(item)?),
        Record::Lane(lane) => ("lane", lane_record(lane)),
        Record::Pace(pace) => ("pace", pace_record(*pace)),
    };
    Ok(format!(
        r#"{{"version":{STORED_VERSION},"record":{{"{kind}":{text}}}}}"#
    ))
}

/// The record of an answer as JSON.
pub(crate) fn answer_json(answer: &StoredAnswer<String>) -> String {
    let StoredAnswer {
        run,
        holder,
        payload,
        trace,
        wanted_at,
    } = answer;
    let payload = Text(payload);
    let trace = trace.as_ref().map(|trace| Held::Text(trace.as_str()));
    let trace = Field("trace", trace);
    format!(
        r#"{{"version":{ANSWERS_STORED_VERSION},"answer":{{"run":"{run}","holder":"{holder}","payload":{payload}{trace},"wantedAt":{wanted_at}}}}}"#
    )
}

fn item_record(item: &StoredItem<MessagePayload>) -> Result<String, serde_json::Error> {
    let StoredItem {
        id,
        lane,
        order,
        late_rank,
        put_behind,
        parent,
        payload,
        size_bytes,
        trace,
        enqueued_at,
        is_held,
        fate,
    } = item;
    let lane = lane_id(lane);
    let late_rank = Field("lateRank", late_rank.map(Held::Number));
    let put_behind = Field("putBehind", put_behind.map(Held::Number));
    let parent = parent.map(|parent| Held::Id(parent.to_string()));
    let parent = Field("parent", parent);
    let payload = written(payload)?;
    let trace = trace.as_ref().map(|trace| Held::Text(trace.as_str()));
    let trace = Field("trace", trace);
    let is_held = if *is_held { r#","isHeld":true"# } else { "" };
    let fate = fate_json(fate);
    Ok(format!(
        r#"{{"id":"{id}","lane":{lane},"order":{order}{late_rank}{put_behind}{parent},"payload":{payload},"sizeBytes":{size_bytes}{trace},"enqueuedAt":{enqueued_at}{is_held},"fate":{fate}}}"#
    ))
}

fn lane_record(record: &StoredLane) -> String {
    let StoredLane {
        lane,
        applied,
        is_uncertain,
    } = record;
    let lane = lane_id(lane);
    let is_uncertain = if *is_uncertain {
        r#","isUncertain":true"#
    } else {
        ""
    };
    format!(r#"{{"lane":{lane},"applied":{applied}{is_uncertain}}}"#)
}

fn pace_record(record: StoredPace) -> String {
    let StoredPace {
        noted_at,
        open_until,
        openings,
        patience_until,
    } = record;
    let open_until = Field("openUntil", open_until.map(Held::Number));
    let openings = (openings > 0).then(|| Held::Number(openings.into()));
    let openings = Field("openings", openings);
    let patience_until = Field("patienceUntil", patience_until.map(Held::Number));
    format!(r#"{{"notedAt":{noted_at}{open_until}{openings}{patience_until}}}"#)
}

fn lane_id(lane: &LaneId) -> String {
    format!(
        r#"{{"device":"{}","stream":"{}"}}"#,
        lane.device, lane.stream
    )
}

fn fate_json(fate: &Fate) -> String {
    let (name, why) = match fate {
        Fate::Pending => return r#"{"type":"pending"}"#.to_owned(),
        Fate::Failed { reason } => ("failed", reason),
        Fate::Discarded { reason } => ("discarded", reason),
    };
    format!(r#"{{"type":"{name}","reason":{}}}"#, reason(why))
}

fn reason(reason: &FailReason) -> String {
    match reason {
        FailReason::Rejected { code, detail } => {
            let code = Text(code);
            match detail {
                None => format!(r#"{{"type":"rejected","code":{code},"detail":null}}"#),
                Some(detail) => {
                    let detail = Text(detail);
                    format!(r#"{{"type":"rejected","code":{code},"detail":{detail}}}"#)
                }
            }
        }
        FailReason::Conflict => r#"{"type":"conflict"}"#.to_owned(),
        FailReason::Blocked { by: None } => r#"{"type":"blocked","by":null}"#.to_owned(),
        FailReason::Blocked { by: Some(by) } => format!(r#"{{"type":"blocked","by":"{by}"}}"#),
        FailReason::TooLarge { limit_bytes } => {
            format!(r#"{{"type":"tooLarge","limit_bytes":{limit_bytes}}}"#)
        }
        FailReason::Withdrawn => r#"{"type":"withdrawn"}"#.to_owned(),
    }
}
