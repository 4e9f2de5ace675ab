//! Reading a directory back. Changes nothing.
//!
//! Invariants:
//! - what the mark covers is read in full or refused with the file's name and the place;
//! - what lies behind the mark was promised to nobody: whole records of it are taken, the rest is named as a tail to be cut;
//! - a file of a newer version is refused before anything else is said about it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::JournalOpenError;
use crate::frame::{self, Frame, FrameKind};
use crate::header::{self, FileKind, HEADER_BYTES, HeaderFault, VERSION};
use crate::index::EntryPlace;
use crate::mark::{self, Mark};
use crate::stored::{Batch, Refused, Settled};

/// An unfinished append at the end of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The file.
    pub(crate) file: PathBuf,
    /// Everything from here on.
    pub(crate) from: u64,
    /// So many bytes.
    pub(crate) bytes: u64,
}

/// A segment that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The position of its first entry.
    pub(crate) first: u64,
    /// The position after its last entry.
    pub(crate) end: u64,
    /// Its length, the tail left out.
    pub(crate) bytes: u64,
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// As it was read.
    pub(crate) mark: Mark,
    /// In order; the last one is to be written.
    pub(crate) segments: Vec<Segment>,
    /// What is not settled, in order.
    pub(crate) waiting: Vec<(u64, EntryPlace)>,
    /// The positions of the refused entries.
    pub(crate) refused: BTreeSet<u64>,
    /// The length of their file, the tail left out.
    pub(crate) refused_bytes: u64,
    /// To be cut off.
    pub(crate) tails: Vec<Tail>,
    /// Drained files whose deletion was interrupted, and files begun after the last acknowledged one with nothing in them.
    pub(crate) leftovers: Vec<PathBuf>,
}

/// Reads the directory; absent: it has no journal yet.
pub(crate) fn read(directory: &Path) -> Result<Option<Recovered>, JournalOpenError> {
    let mark_path = directory.join(mark::FILE_NAME);
    let unusable = |error: io::Error| JournalOpenError::Directory {
        path: directory.to_owned(),
        reason: error.to_string(),
    };
    let files = match directory::segments(directory) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    let mark = match fs::read(&mark_path) {
        Ok(bytes) => Mark::read(&bytes).map_err(|fault| {
            from_header(
                &mark_path,
                fault,
                "the mark of what was acknowledged is unreadable",
            )
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let refused = directory.join(directory::REFUSED_NAME);
            if files.is_empty() && !refused.exists() {
                return Ok(None);
            }
            return Err(JournalOpenError::damaged(
                &mark_path,
                0,
                "it is missing, and there are files of entries",
            ));
        }
        Err(error) => return Err(JournalOpenError::file(&mark_path, &error)),
    };
    let mut recovered = Recovered {
        mark,
        ..Recovered::default()
    };
    let mut reading = Reading {
        position: mark.oldest,
        settled: BTreeSet::new(),
        waiting: Vec::new(),
    };
    for (first, path) in files {
        if first < mark.oldest {
            recovered.leftovers.push(path);
            continue;
        }
        if first > mark.active {
            read_begun(first, &path, &mut reading, &mut recovered)?;
        } else {
            read_acknowledged(first, &path, &mut reading, &mut recovered)?;
        }
    }
    let has_active = recovered
        .segments
        .iter()
        .any(|segment| segment.first == mark.active);
    if !has_active && mark.active_bytes > 0 {
        let path = directory::segment_path(directory, mark.active);
        return Err(JournalOpenError::damaged(&path, 0, "the file is missing"));
    }
    recovered.waiting = reading.waiting;
    recovered
        .waiting
        .retain(|(position, _)| !reading.settled.contains(position));
    read_refused(directory, &mut recovered)?;
    Ok(Some(recovered))
}

struct Reading {
    /// The next position.
    position: u64,
    settled: BTreeSet<u64>,
    waiting: Vec<(u64, EntryPlace)>,
}

/// A segment that the mark names or that comes before the one that it names.
fn read_acknowledged(
    first: u64,
    path: &Path,
    reading: &mut Reading,
    recovered: &mut Recovered,
) -> Result<(), JournalOpenError> {
    let mark = recovered.mark;
    let bytes = fs::read(path).map_err(|error| JournalOpenError::file(path, &error))?;
    if first == mark.active && mark.active_bytes == 0 {
        return read_begun(first, path, reading, recovered);
    }
    let named = header::decode(FileKind::Segment, &bytes)
        .map_err(|fault| from_header(path, fault, "its beginning is unreadable"))?;
    if named != first {
        return Err(JournalOpenError::damaged(
            path,
            0,
            "it is not the file that its name says",
        ));
    }
    if first != reading.position {
        let what = format!(
            "the entries {} to {} before it are missing with their file",
            reading.position,
            first.saturating_sub(1)
        );
        return Err(JournalOpenError::damaged(path, 0, what));
    }
    let acknowledged = if first == mark.active {
        usize::try_from(mark.active_bytes).unwrap_or(usize::MAX)
    } else {
        bytes.len()
    };
    if acknowledged > bytes.len() {
        let what = format!(
            "it is cut: {acknowledged} bytes of it were acknowledged, {} are there",
            bytes.len()
        );
        return Err(JournalOpenError::damaged(path, bytes.len(), what));
    }
    let mut offset = HEADER_BYTES;
    while offset < acknowledged {
        let taken = frame::read(&bytes[offset..acknowledged])
            .map_err(|fault| fault.to_string())
            .and_then(|frame| take_frame(first, offset, &frame, reading));
        match taken {
            Ok(length) => offset += length,
            Err(what) => return Err(JournalOpenError::damaged(path, offset, what)),
        }
    }
    if first == mark.active {
        if reading.position != mark.next_position {
            let what = format!(
                "it ends before entry {}, and {} were acknowledged",
                reading.position, mark.next_position
            );
            return Err(JournalOpenError::damaged(path, offset, what));
        }
        offset = take_tail(first, path, &bytes, offset, reading, recovered);
    }
    recovered.segments.push(Segment {
        first,
        end: reading.position,
        bytes: offset as u64,
    });
    Ok(())
}

/// A segment of which nothing was acknowledged.
fn read_begun(
    first: u64,
    path: &Path,
    reading: &mut Reading,
    recovered: &mut Recovered,
) -> Result<(), JournalOpenError> {
    let bytes = fs::read(path).map_err(|error| JournalOpenError::file(path, &error))?;
    match header::decode(FileKind::Segment, &bytes) {
        Err(HeaderFault::Newer { found }) => Err(newer(path, found)),
        Ok(named) if named == first && first == reading.position && bytes.len() > HEADER_BYTES => {
            let end = take_tail(first, path, &bytes, HEADER_BYTES, reading, recovered);
            recovered.segments.push(Segment {
                first,
                end: reading.position,
                bytes: end as u64,
            });
            Ok(())
        }
        Ok(_) | Err(HeaderFault::Damaged) => {
            recovered.leftovers.push(path.to_owned());
            Ok(())
        }
    }
}

/// Takes the whole frames behind the acknowledged ones; tells where they end.
fn take_tail(
    first: u64,
    path: &Path,
    bytes: &[u8],
    from: usize,
    reading: &mut Reading,
    recovered: &mut Recovered,
) -> usize {
    let mut offset = from;
    while let Ok(frame) = frame::read(&bytes[offset..]) {
        match take_frame(first, offset, &frame, reading) {
            Ok(length) => offset += length,
            Err(_) => break,
        }
    }
    if offset < bytes.len() {
        recovered.tails.push(Tail {
            file: path.to_owned(),
            from: offset as u64,
            bytes: (bytes.len() - offset) as u64,
        });
    }
    offset
}

fn take_frame(
    segment: u64,
    offset: usize,
    frame: &Frame<'_>,
    reading: &mut Reading,
) -> Result<usize, String> {
    if frame.position != reading.position {
        return Err(format!(
            "a record says that it is number {}, and {} is due",
            frame.position, reading.position
        ));
    }
    match frame.kind {
        FrameKind::Entries => {
            let batch = Batch::decode(frame.payload).map_err(|error| error.to_string())?;
            if batch.entries.len() as u64 != u64::from(frame.count) {
                return Err("a record does not hold as many entries as it says".to_owned());
            }
            let length = u32::try_from(frame.length()).map_err(|error| error.to_string())?;
            for ((position, place), entry) in (frame.position..).zip(0..).zip(&batch.entries) {
                let place = EntryPlace {
                    lane: entry.lane.as_uuid(),
                    at: batch.at,
                    segment,
                    offset: offset as u64,
                    length,
                    place,
                };
                reading.waiting.push((position, place));
            }
            reading.position += u64::from(frame.count);
        }
        FrameKind::Settled => {
            let settled = Settled::decode(frame.payload).map_err(|error| error.to_string())?;
            for (from, to) in settled.settled {
                if to >= reading.position || from > to {
                    return Err("a record settles entries that do not exist".to_owned());
                }
                // Those of deleted files need no memory.
                reading
                    .settled
                    .extend(from.max(segment_floor(reading))..=to);
            }
        }
        FrameKind::Refused => return Err("a refused entry stands among those that wait".to_owned()),
    }
    Ok(frame.length())
}

/// The first position that is still of interest.
fn segment_floor(reading: &Reading) -> u64 {
    reading
        .waiting
        .first()
        .map_or(reading.position, |(position, _)| *position)
}

fn read_refused(directory: &Path, recovered: &mut Recovered) -> Result<(), JournalOpenError> {
    let path = directory.join(directory::REFUSED_NAME);
    let mark = recovered.mark;
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if mark.refused_bytes == 0 {
                return Ok(());
            }
            return Err(JournalOpenError::damaged(&path, 0, "the file is missing"));
        }
        Err(error) => return Err(JournalOpenError::file(&path, &error)),
    };
    let acknowledged = usize::try_from(mark.refused_bytes).unwrap_or(usize::MAX);
    if let Err(fault) = header::decode(FileKind::Refused, &bytes) {
        if acknowledged == 0 && fault == HeaderFault::Damaged {
            recovered.leftovers.push(path);
            return Ok(());
        }
        return Err(from_header(&path, fault, "its beginning is unreadable"));
    }
    if acknowledged > bytes.len() {
        let what = format!(
            "it is cut: {acknowledged} bytes of it were acknowledged, {} are there",
            bytes.len()
        );
        return Err(JournalOpenError::damaged(&path, bytes.len(), what));
    }
    let mut offset = HEADER_BYTES;
    let mut count = 0;
    while offset < bytes.len() {
        let is_acknowledged = offset < acknowledged;
        let read = frame::read(&bytes[offset..])
            .map_err(|fault| fault.to_string())
            .and_then(|frame| match frame.kind {
                FrameKind::Refused => Ok(frame),
                FrameKind::Entries | FrameKind::Settled => {
                    Err("a record of another kind stands there".to_owned())
                }
            })
            .and_then(|frame| {
                let refused = Refused::decode(frame.payload).map_err(|error| error.to_string())?;
                if refused.position == frame.position {
                    Ok(frame)
                } else {
                    Err("a record is not what it says".to_owned())
                }
            });
        match read {
            Ok(frame) => {
                recovered.refused.insert(frame.position);
                offset += frame.length();
                count += u64::from(is_acknowledged);
            }
            Err(what) if is_acknowledged => {
                return Err(JournalOpenError::damaged(&path, offset, what));
            }
            Err(_) => {
                recovered.tails.push(Tail {
                    file: path.clone(),
                    from: offset as u64,
                    bytes: (bytes.len() - offset) as u64,
                });
                break;
            }
        }
    }
    if count != mark.refused_count {
        let what = format!(
            "it holds {count} records, and {} were acknowledged",
            mark.refused_count
        );
        return Err(JournalOpenError::damaged(&path, offset, what));
    }
    recovered.refused_bytes = offset as u64;
    Ok(())
}

fn newer(file: &Path, found: u32) -> JournalOpenError {
    JournalOpenError::Newer {
        file: file.to_owned(),
        found,
        known: VERSION,
    }
}

fn from_header(file: &Path, fault: HeaderFault, what: &str) -> JournalOpenError {
    match fault {
        HeaderFault::Newer { found } => newer(file, found),
        HeaderFault::Damaged => JournalOpenError::damaged(file, 0, what),
    }
}
