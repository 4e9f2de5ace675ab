//! The stored form: versioned records, and what a start makes of them.
//!
//! Invariants:
//! - a record of a newer version is refused and left to the shell to keep aside, never guessed at and never deleted;
//! - a record that cannot be read costs only itself.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::{ItemId, LaneId};
use crate::item::StoredItem;
use crate::time::Millis;

/// The version that this code writes, and the newest that it reads.
pub const STORED_VERSION: u32 = 1;

/// How far a lane got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredLane {
    /// Which.
    pub lane: LaneId,
    /// The last number that the server settled; the lane's pending items carry the numbers after it.
    pub applied: u64,
    /// Whether requests with other numbers may still be on the way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_uncertain: bool,
}

/// How patient the sender has to be, so that a restart does not forget it. Times by the caller's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredPace {
    /// When this was noted: no wait is longer than it was then, whatever the clock does.
    pub noted_at: Millis,
    /// The end of the breaker's open time; absent: it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Millis>,
    /// How often in a row the breaker opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub openings: u32,
    /// Until when the server asked for patience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_until: Option<Millis>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One record of the device's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Record<P> {
    /// An item.
    Item(StoredItem<P>),
    /// A lane.
    Lane(StoredLane),
    /// The pace; a store has one.
    Pace(StoredPace),
}

#[derive(Serialize, Deserialize)]
struct Envelope<R> {
    version: u32,
    record: R,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Why a record cannot be used. The shell keeps it aside and says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A newer program wrote it.
    #[error(
        "stored by a newer version ({found}); this one reads up to {STORED_VERSION}: update, or keep the record aside"
    )]
    Newer {
        /// The record's version.
        found: u32,
    },
    /// It is no record.
    #[error("damaged record: {detail}")]
    Damaged {
        /// Where the reading stopped; never content.
        detail: String,
    },
}

impl<P: Serialize> Record<P> {
    /// The record as JSON.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Envelope {
            version: STORED_VERSION,
            record: self,
        })
    }
}

impl<P: DeserializeOwned> Record<P> {
    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn decode(text: &str) -> Result<Self, RecordError> {
        let damaged = |error: &serde_json::Error| RecordError::Damaged {
            detail: format!("line {}, column {}", error.line(), error.column()),
        };
        let Version { version } = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        if version > STORED_VERSION {
            return Err(RecordError::Newer { found: version });
        }
        let envelope: Envelope<Self> =
            serde_json::from_str(text).map_err(|error| damaged(&error))?;
        Ok(envelope.record)
    }
}

/// What the device's store held at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot<P> {
    /// In any order.
    pub items: Vec<StoredItem<P>>,
    /// In any order.
    pub lanes: Vec<StoredLane>,
    /// The pace, when the store has one.
    pub pace: Option<StoredPace>,
}

impl<P> Default for Snapshot<P> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            lanes: Vec::new(),
            pace: None,
        }
    }
}

impl<P: DeserializeOwned> Snapshot<P> {
    /// Reads every record, and tells which (by their place) cannot be used.
    pub fn read<'text>(
        records: impl IntoIterator<Item = &'text str>,
    ) -> (Self, Vec<(usize, RecordError)>) {
        let mut snapshot = Self::default();
        let mut refused = Vec::new();
        for (place, text) in records.into_iter().enumerate() {
            match Record::decode(text) {
                Ok(Record::Item(item)) => snapshot.items.push(item),
                Ok(Record::Lane(lane)) => snapshot.lanes.push(lane),
                Ok(Record::Pace(pace)) => snapshot.pace = Some(pace),
                Err(error) => refused.push((place, error)),
            }
        }
        (snapshot, refused)
    }
}

/// One change of the device's store. The operations of one [`crate::Output::Persist`] are one transaction: all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOperation<P> {
    /// Write the item under its id, over whatever was there.
    PutItem(StoredItem<P>),
    /// Remove the item.
    DeleteItem(ItemId),
    /// Write the lane under its id, over whatever was there.
    PutLane(StoredLane),
    /// Write the pace, over whatever was there.
    PutPace(StoredPace),
    /// Remove everything: the user signed out.
    Clear,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{FailReason, Fate};
    use uuid::Uuid;

    fn record() -> Record<String> {
        Record::Item(StoredItem {
            id: ItemId(Uuid::from_u128(1)),
            lane: LaneId {
                device: "phone".parse().unwrap(),
                stream: Uuid::from_u128(2),
            },
            order: 3,
            late_rank: None,
            put_behind: None,
            parent: None,
            payload: "hello".to_owned(),
            size_bytes: 5,
            trace: None,
            enqueued_at: 4,
            is_held: false,
            fate: Fate::Failed {
                reason: FailReason::Conflict,
            },
        })
    }

    /// The stored form outlives programs: a change of this text needs a new version and a reader for the old one.
    #[test]
    fn the_stored_form_is_frozen() {
        let text = record().encode().unwrap();
        assert_eq!(
            text,
            r#"{"version":1,"record":{"item":{"id":"00000000-0000-0000-0000-000000000001","lane":{"device":"phone","stream":"00000000-0000-0000-0000-000000000002"},"order":3,"payload":"hello","sizeBytes":5,"enqueuedAt":4,"fate":{"type":"failed","reason":{"type":"conflict"}}}}}"#
        );
        assert_eq!(Record::decode(&text), Ok(record()));
    }

    #[test]
    fn a_place_in_the_queue_is_frozen_too_and_read_as_earlier_programs_wrote_it() {
        let text = |place: &str| {
            let text = record().encode().unwrap();
            text.replace(r#""order":3,"#, &format!(r#""order":3,{place}"#))
        };
        let with = |late_rank, put_behind| {
            let Record::Item(item) = record() else {
                unreachable!()
            };
            Record::Item(StoredItem {
                late_rank,
                put_behind,
                ..item
            })
        };
        let put_back = with(Some(9), Some(5));
        let written = text(r#""lateRank":9,"putBehind":5,"#);
        assert_eq!(put_back.encode().unwrap(), written);
        assert_eq!(Record::decode(&written), Ok(put_back));
        let earlier = with(Some(9), None);
        assert_eq!(Record::decode(&text(r#""lateRank":9,"#)), Ok(earlier));
    }

    #[test]
    fn the_other_records_are_frozen_too() {
        let lane: Record<String> = Record::Lane(StoredLane {
            lane: LaneId {
                device: "phone".parse().unwrap(),
                stream: Uuid::from_u128(2),
            },
            applied: 7,
            is_uncertain: true,
        });
        let pace: Record<String> = Record::Pace(StoredPace {
            noted_at: 1,
            open_until: Some(2),
            openings: 3,
            patience_until: Some(4),
        });
        let quiet: Record<String> = Record::Pace(StoredPace::default());
        for (record, text) in [
            (
                lane,
                r#"{"lane":{"lane":{"device":"phone","stream":"00000000-0000-0000-0000-000000000002"},"applied":7,"isUncertain":true}}"#,
            ),
            (
                pace,
                r#"{"pace":{"notedAt":1,"openUntil":2,"openings":3,"patienceUntil":4}}"#,
            ),
            (quiet, r#"{"pace":{"notedAt":0}}"#),
        ] {
            let text = format!(r#"{{"version":1,"record":{text}}}"#);
            assert_eq!(record.encode().unwrap(), text);
            assert_eq!(Record::decode(&text), Ok(record));
        }
    }

    #[test]
    fn refuses_newer_and_damaged_records_and_keeps_the_others() {
        let good = record().encode().unwrap();
        let newer = r#"{"version":2,"record":{"something":"else"}}"#;
        let (snapshot, refused) =
            Snapshot::<String>::read([newer, good.as_str(), &good[..40], "null"]);
        assert_eq!(snapshot.items.len(), 1);
        assert_eq!(refused[0], (0, RecordError::Newer { found: 2 }));
        assert!(matches!(refused[1], (2, RecordError::Damaged { .. })));
        assert!(matches!(refused[2], (3, RecordError::Damaged { .. })));
    }
}
