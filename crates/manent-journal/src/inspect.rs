//! Looking at a journal without opening it. Changes nothing and tells no content.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use manent_domain::journal::{JournalEntry, JournalWrite};
use manent_types::Timestamp;
use uuid::Uuid;

use crate::directory;
use crate::drain::Reader;
use crate::error::JournalOpenError;
use crate::frame;
use crate::header::HEADER_BYTES;
use crate::recovery::{self, Recovered};
use crate::stored::Refused;

/// So often is a directory read again whose files change meanwhile.
const TRIES: usize = 5;

/// A journal as it lies in its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalReport {
    /// Whether a process uses it now; then the figures are those of a moment ago.
    pub is_held: bool,
    /// The size of its files in bytes.
    pub bytes: u64,
    /// How many files of entries it has.
    pub segments: usize,
    /// Entries that wait for the store.
    pub waiting: u64,
    /// They by what they do, such as `append`.
    pub waiting_by_kind: BTreeMap<&'static str, u64>,
    /// Their lanes, the one with the most entries first.
    pub lanes: Vec<LaneReport>,
    /// When the oldest of them was journalled.
    pub oldest_at: Option<Timestamp>,
    /// What the store can never take, the oldest first.
    pub refused: Vec<RefusedReport>,
    /// Bytes of an append that never finished; the next start cuts them off.
    pub unfinished_bytes: u64,
}

/// What waits in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneReport {
    /// The conversation, or the run that keeps no answer.
    pub lane: Uuid,
    /// Entries that wait.
    pub waiting: u64,
    /// When the oldest of them was journalled.
    pub oldest_at: Option<Timestamp>,
}

/// An entry that the store can never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedReport {
    /// Its position.
    pub position: u64,
    /// Why: a stable code.
    pub code: String,
    /// What it does, such as `append`.
    pub kind: &'static str,
    /// Its lane.
    pub lane: Uuid,
    /// When it was journalled.
    pub journalled_at: Option<Timestamp>,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
}

/// Looks at the journal in a directory; absent: there is none.
///
/// # Errors
/// As [`crate::FileJournal::open`], which would refuse it too.
pub fn inspect(directory: &Path) -> Result<Option<JournalReport>, JournalOpenError> {
    let mut tries = 0;
    loop {
        let is_held = directory::is_held(directory);
        match read(directory, is_held) {
            // Its process wrote or deleted meanwhile.
            Err(_) if is_held && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

fn read(directory: &Path, is_held: bool) -> Result<Option<JournalReport>, JournalOpenError> {
    let Some(recovered) = recovery::read(directory)? else {
        return Ok(None);
    };
    let mut waiting_by_kind = BTreeMap::new();
    for kind in kinds(directory, &recovered)? {
        *waiting_by_kind.entry(kind).or_default() += 1;
    }
    let mut lanes: BTreeMap<Uuid, LaneReport> = BTreeMap::new();
    for (_, place) in &recovered.waiting {
        let lane = lanes.entry(place.lane).or_insert_with(|| LaneReport {
            lane: place.lane,
            waiting: 0,
            oldest_at: time(place.at),
        });
        lane.waiting += 1;
    }
    let mut lanes: Vec<LaneReport> = lanes.into_values().collect();
    lanes.sort_by_key(|lane| std::cmp::Reverse(lane.waiting));
    let segment_bytes: u64 = recovered.segments.iter().map(|segment| segment.bytes).sum();
    Ok(Some(JournalReport {
        is_held,
        bytes: segment_bytes + recovered.refused_bytes,
        segments: recovered.segments.len(),
        waiting: recovered.waiting.len() as u64,
        waiting_by_kind,
        lanes,
        oldest_at: recovered
            .waiting
            .first()
            .and_then(|(_, place)| time(place.at)),
        refused: refused(directory, &recovered)?,
        unfinished_bytes: recovered.tails.iter().map(|tail| tail.bytes).sum(),
    }))
}

fn kinds(directory: &Path, recovered: &Recovered) -> Result<Vec<&'static str>, JournalOpenError> {
    let reader = Reader::new(directory);
    let mut kinds = Vec::with_capacity(recovered.waiting.len());
    let mut rest = recovered.waiting.as_slice();
    // A few at a time: they are read with their content.
    while let Some((chunk, after)) = rest.split_at_checked(rest.len().min(256))
        && !chunk.is_empty()
    {
        let places: Vec<_> = chunk.iter().map(|(_, place)| *place).collect();
        let batches = reader
            .read(&places)
            .map_err(|error| JournalOpenError::file(directory, &error))?;
        kinds.extend(batches.iter().flat_map(|batch| &batch.entries).map(kind_of));
        rest = after;
    }
    Ok(kinds)
}

fn refused(
    directory: &Path,
    recovered: &Recovered,
) -> Result<Vec<RefusedReport>, JournalOpenError> {
    if recovered.refused.is_empty() {
        return Ok(Vec::new());
    }
    let path = directory.join(directory::REFUSED_NAME);
    let bytes = fs::read(&path).map_err(|error| JournalOpenError::file(&path, &error))?;
    let mut reports = Vec::new();
    let mut offset = HEADER_BYTES;
    while let Ok(frame) = frame::read(bytes.get(offset..).unwrap_or_default()) {
        offset += frame.length();
        let Ok(refused) = Refused::decode(frame.payload) else {
            break;
        };
        let Some(entry) = refused.batch.entries.first() else {
            break;
        };
        reports.push(RefusedReport {
            position: refused.position,
            kind: kind_of(entry),
            lane: entry.lane.as_uuid(),
            journalled_at: time(refused.batch.at),
            refused_at: time(refused.at),
            code: refused.code,
        });
    }
    Ok(reports)
}

fn kind_of(entry: &JournalEntry) -> &'static str {
    match entry.write {
        JournalWrite::CreateConversation(_) => "create conversation",
        JournalWrite::Append(_) => "append",
        JournalWrite::BeginRun(_) => "begin run",
        JournalWrite::RecordRun { .. } => "record run",
    }
}

fn time(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}
