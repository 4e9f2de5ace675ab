//! The stored form of entries: JSON types of this crate's own, version 2.
//!
//! Frozen: a journal outlives programs. A change of these types needs a new version of the files and a reader for the old one. Version 2 has
//! what surfaces keep, labels and ends of conversations beside what version 1 has, and is else the same: one reader reads both. Parts,
//! settings, usage and a run's events have frozen forms of their own, shared with the stores.

mod append;
mod run;

use std::collections::BTreeSet;

use manent_domain::conversation::NewConversation;
use manent_domain::journal::{JournalEntry, JournalLane, JournalWrite};
use manent_types::{ConversationId, Extras, Label, ModelSettings, RunId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use append::StoredSubmission;
use run::{StoredNewRun, StoredProgress};

/// The text is no entry of a known version. Says where reading stopped, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct StoredError(String);

impl From<serde_json::Error> for StoredError {
    fn from(error: serde_json::Error) -> Self {
        Self(format!(
            "its JSON cannot be read at line {}, column {}",
            error.line(),
            error.column()
        ))
    }
}

/// The entries that one call journalled together.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredBatch {
    /// When, in milliseconds since 1970.
    at: i64,
    entries: Vec<StoredEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredEntry {
    owner: UserId,
    lane: Uuid,
    write: StoredWrite,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum StoredWrite {
    CreateConversation(StoredConversation),
    Append(StoredSubmission),
    BeginRun(StoredNewRun),
    RecordRun(StoredProgress),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredConversation {
    id: ConversationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    config: ModelSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    labels: BTreeSet<Label>,
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    extras: Extras,
}

/// A batch of entries as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    /// When it was journalled, in milliseconds since 1970.
    pub(crate) at: i64,
    /// In order; never empty.
    pub(crate) entries: Vec<JournalEntry>,
}

impl Batch {
    /// The stored form.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoredError> {
        let entries: Result<Vec<StoredEntry>, StoredError> =
            self.entries.iter().map(to_stored).collect();
        let stored = StoredBatch {
            at: self.at,
            entries: entries?,
        };
        Ok(serde_json::to_vec(&stored)?)
    }

    /// Reads what [`Self::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoredError> {
        let stored: StoredBatch = serde_json::from_slice(bytes)?;
        let entries: Result<Vec<JournalEntry>, StoredError> =
            stored.entries.into_iter().map(from_stored).collect();
        Ok(Self {
            at: stored.at,
            entries: entries?,
        })
    }
}

fn to_stored(entry: &JournalEntry) -> Result<StoredEntry, StoredError> {
    Ok(StoredEntry {
        owner: entry.owner,
        lane: entry.lane.as_uuid(),
        write: match &entry.write {
            JournalWrite::CreateConversation(new) => {
                StoredWrite::CreateConversation(StoredConversation {
                    id: new.id,
                    title: new.title.clone(),
                    config: new.config.clone(),
                    expires_at: new.expires_at,
                    labels: new.labels.clone(),
                    extras: new.extras.clone(),
                })
            }
            JournalWrite::Append(submission) => StoredWrite::Append(submission.into()),
            JournalWrite::BeginRun(new) => StoredWrite::BeginRun((*new).into()),
            JournalWrite::RecordRun { node, progress } => {
                StoredWrite::RecordRun(StoredProgress::new(*node, progress)?)
            }
        },
    })
}

fn from_stored(stored: StoredEntry) -> Result<JournalEntry, StoredError> {
    let write = match stored.write {
        StoredWrite::CreateConversation(new) => JournalWrite::CreateConversation(NewConversation {
            id: new.id,
            title: new.title,
            config: new.config,
            expires_at: new.expires_at,
            labels: new.labels,
            extras: new.extras,
        }),
        StoredWrite::Append(submission) => JournalWrite::Append(submission.try_into()?),
        StoredWrite::BeginRun(new) => JournalWrite::BeginRun(new.into()),
        StoredWrite::RecordRun(progress) => progress.read()?,
    };
    Ok(JournalEntry {
        owner: stored.owner,
        lane: lane_of(stored.lane),
        write,
    })
}

/// A lane by the id inside.
pub(crate) const fn lane_of(id: Uuid) -> JournalLane {
    // Lanes of conversations and of runs differ in nothing but where their id comes from.
    JournalLane::run(RunId::new(id))
}

/// Numbers of entries that need nothing more, in ranges of which both ends belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Settled {
    pub(crate) settled: Vec<(u64, u64)>,
}

impl Settled {
    /// The ranges of these positions, which must grow.
    pub(crate) fn of(positions: impl IntoIterator<Item = u64>) -> Self {
        let mut settled: Vec<(u64, u64)> = Vec::new();
        for position in positions {
            match settled.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(position) => *last = position,
                _ => settled.push((position, position)),
            }
        }
        Self { settled }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoredError> {
        Ok(serde_json::to_vec(self)?)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoredError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// An entry that the store can never take, kept for the person who runs the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// Its position in the journal.
    pub(crate) position: u64,
    /// When it was refused, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Why: a stable code.
    pub(crate) code: String,
    /// The entry, with the time of its journalling.
    pub(crate) batch: Batch,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredRefused {
    position: u64,
    refused_at: i64,
    code: String,
    at: i64,
    entry: StoredEntry,
}

impl Refused {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoredError> {
        let [entry] = self.batch.entries.as_slice() else {
            return Err(StoredError("a refused record holds one entry".to_owned()));
        };
        let stored = StoredRefused {
            position: self.position,
            refused_at: self.at,
            code: self.code.clone(),
            at: self.batch.at,
            entry: to_stored(entry)?,
        };
        Ok(serde_json::to_vec(&stored)?)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoredError> {
        let stored: StoredRefused = serde_json::from_slice(bytes)?;
        Ok(Self {
            position: stored.position,
            at: stored.refused_at,
            code: stored.code,
            batch: Batch {
                at: stored.at,
                entries: vec![from_stored(stored.entry)?],
            },
        })
    }
}
