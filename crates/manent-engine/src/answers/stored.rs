//! The stored form of an answer that is waited for: versioned, one record each.
//!
//! Invariants: a record of a newer version is refused and left to the shell to keep aside, never guessed at and never deleted; a record that
//! cannot be read costs only itself.

use manent_types::{DeviceId, RunId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::time::Millis;
use crate::trace::TraceContext;

/// The version that this code writes, and the newest that it reads.
pub const ANSWERS_STORED_VERSION: u32 = 1;

/// An answer that was asked for and whose end was not seen, as it is kept in the device's store under its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredAnswer<P> {
    /// Minted by the caller; the server has at most one generation under it.
    pub run: RunId,
    /// Who looks after it.
    pub holder: DeviceId,
    /// Opaque: whatever the shell needs to ask again.
    pub payload: P,
    /// The trace in which it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceContext>,
    /// When it was wanted, by the caller's clock.
    pub wanted_at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Envelope<A> {
    version: u32,
    answer: A,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Why a record cannot be used. The shell keeps it aside and says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRecordError {
    /// A newer program wrote it.
    #[error(
        "stored by a newer version ({found}); this one reads up to {ANSWERS_STORED_VERSION}: update, or keep the record aside"
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

impl<P: Serialize> StoredAnswer<P> {
    /// The record as JSON.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Envelope {
            version: ANSWERS_STORED_VERSION,
            answer: self,
        })
    }
}

impl<P: DeserializeOwned> StoredAnswer<P> {
    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`AnswerRecordError`].
    pub fn decode(text: &str) -> Result<Self, AnswerRecordError> {
        let damaged = |error: &serde_json::Error| AnswerRecordError::Damaged {
            detail: format!("line {}, column {}", error.line(), error.column()),
        };
        let Version { version } = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        if version > ANSWERS_STORED_VERSION {
            return Err(AnswerRecordError::Newer { found: version });
        }
        let envelope: Envelope<Self> =
            serde_json::from_str(text).map_err(|error| damaged(&error))?;
        Ok(envelope.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn answer() -> StoredAnswer<String> {
        StoredAnswer {
            run: RunId::new(Uuid::from_u128(1)),
            holder: "laptop-0".parse().unwrap(),
            payload: "ask".to_owned(),
            trace: None,
            wanted_at: 4,
        }
    }

    /// The stored form outlives programs: a change of this text needs a new version and a reader for the old one.
    #[test]
    fn the_stored_form_is_frozen() {
        let text = answer().encode().unwrap();
        assert_eq!(
            text,
            r#"{"version":1,"answer":{"run":"00000000-0000-0000-0000-000000000001","holder":"laptop-0","payload":"ask","wantedAt":4}}"#
        );
        assert_eq!(StoredAnswer::decode(&text), Ok(answer()));
    }

    #[test]
    fn refuses_newer_and_damaged_records() {
        let good = answer().encode().unwrap();
        assert_eq!(
            StoredAnswer::<String>::decode(r#"{"version":2,"other":[]}"#),
            Err(AnswerRecordError::Newer { found: 2 })
        );
        for bad in [&good[..40], "null", r#"{"version":1,"answer":{}}"#, ""] {
            let read = StoredAnswer::<String>::decode(bad);
            assert!(
                matches!(read, Err(AnswerRecordError::Damaged { .. })),
                "{bad}"
            );
        }
    }
}
