//! Saving what can be read of a damaged journal. The damaged files are not touched.
//!
//! Invariant: every whole record that is found and not settled is in the new journal, in its order; what is left out is named.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::directory;
use crate::error::JournalOpenError;
use crate::files::Files;
use crate::frame::{self, FrameKind};
use crate::header::{self, FileKind, HEADER_BYTES, HeaderFault, VERSION};
use crate::mark::{self, Mark};
use crate::stored::{Batch, Refused, Settled};

/// A new segment begins at this size.
const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalvageReport {
    /// Entries in the new journal that wait for the store.
    pub saved: u64,
    /// Entries in it that the store can never take.
    pub refused: u64,
    /// Entries that were settled already and need nothing more.
    pub settled: u64,
    /// What could not be read.
    pub left_out: Vec<LeftOut>,
}

/// A place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub file: PathBuf,
    /// From this byte on.
    pub offset: u64,
    /// So many bytes; 0: entries that were acknowledged are in no file.
    pub bytes: u64,
    /// What is wrong there.
    pub what: String,
}

/// Why nothing was saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SalvageError {
    /// There is no journal.
    #[error("{} holds no journal", path.display())]
    Nothing {
        /// What was given.
        path: PathBuf,
    },
    /// A process uses the journal.
    #[error("the journal {} is in use by a process: stop the server first", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
    },
    /// The target is not empty.
    #[error("{} exists already: name a directory that does not", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// A file cannot be read, is of a newer version, or the new journal cannot be written.
    #[error(transparent)]
    Open(#[from] JournalOpenError),
}

/// Copies what can be read of a journal's directory, or of one of its files, into a new journal.
///
/// # Errors
/// [`SalvageError`]; the source is never changed.
pub fn salvage(source: &Path, target: &Path) -> Result<SalvageReport, SalvageError> {
    let is_directory = source.is_dir();
    let directory = if is_directory {
        source
    } else {
        source.parent().unwrap_or(Path::new("."))
    };
    if directory::is_held(directory) {
        return Err(SalvageError::Held {
            path: directory.to_owned(),
        });
    }
    if target.exists() {
        return Err(SalvageError::TargetExists {
            path: target.to_owned(),
        });
    }
    let mut finds = Finds::default();
    for file in files(source, is_directory)? {
        let bytes = fs::read(&file).map_err(|error| JournalOpenError::file(&file, &error))?;
        finds.search(&file, &bytes)?;
    }
    if finds.files == 0 {
        return Err(SalvageError::Nothing {
            path: source.to_owned(),
        });
    }
    if is_directory {
        finds.note_missing(source);
    }
    write(target, finds)
}

fn files(source: &Path, is_directory: bool) -> Result<Vec<PathBuf>, SalvageError> {
    let unreadable = |error: io::Error| JournalOpenError::file(source, &error);
    if !is_directory {
        fs::metadata(source).map_err(unreadable)?;
        return Ok(vec![source.to_owned()]);
    }
    let segments = directory::segments(source).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = segments.into_iter().map(|(_, path)| path).collect();
    let refused = source.join(directory::REFUSED_NAME);
    if refused.exists() {
        files.push(refused);
    }
    Ok(files)
}

#[derive(Debug, Default)]
struct Finds {
    files: usize,
    /// By the position of their first entry.
    batches: std::collections::BTreeMap<u64, Batch>,
    refused: Vec<Refused>,
    settled: BTreeSet<u64>,
    left_out: Vec<LeftOut>,
    /// After everything that was seen.
    next_position: u64,
}

impl Finds {
    fn search(&mut self, file: &Path, bytes: &[u8]) -> Result<(), JournalOpenError> {
        let headers =
            [FileKind::Segment, FileKind::Refused].map(|kind| header::decode(kind, bytes));
        self.files += 1;
        let mut offset = HEADER_BYTES;
        if let [Err(fault), Err(_)] = headers {
            if let HeaderFault::Newer { found } = fault {
                return Err(JournalOpenError::Newer {
                    file: file.to_owned(),
                    found,
                    known: VERSION,
                });
            }
            offset = frame::find(bytes, 0).unwrap_or(bytes.len());
            self.leave_out(file, 0, offset, "the beginning of the file is unreadable");
        }
        while offset < bytes.len() {
            match self.take(&bytes[offset..]) {
                Ok(length) => offset += length,
                Err(what) => {
                    let next = frame::find(bytes, offset + 1).unwrap_or(bytes.len());
                    self.leave_out(file, offset, next, &what);
                    offset = next;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let frame = frame::read(bytes).map_err(|fault| fault.to_string())?;
        match frame.kind {
            FrameKind::Entries => {
                let batch = Batch::decode(frame.payload).map_err(|error| error.to_string())?;
                self.saw(frame.position + u64::from(frame.count));
                self.batches.insert(frame.position, batch);
            }
            FrameKind::Settled => {
                let settled = Settled::decode(frame.payload).map_err(|error| error.to_string())?;
                self.saw(frame.position);
                for (from, to) in settled.settled {
                    self.settled.extend(from..=to.min(frame.position));
                }
            }
            FrameKind::Refused => {
                let refused = Refused::decode(frame.payload).map_err(|error| error.to_string())?;
                self.saw(refused.position + 1);
                if !self
                    .refused
                    .iter()
                    .any(|known| known.position == refused.position)
                {
                    self.refused.push(refused);
                }
            }
        }
        Ok(frame.length())
    }

    /// Notes which entries should be in the directory and are in no readable record.
    fn note_missing(&mut self, directory: &Path) {
        let mark_path = directory.join(mark::FILE_NAME);
        let mark = fs::read(&mark_path)
            .ok()
            .and_then(|bytes| Mark::read(&bytes).ok());
        if mark.is_none() {
            self.leave_out(
                &mark_path,
                0,
                0,
                "the mark of what was acknowledged is missing or unreadable",
            );
        }
        let mut due = mark.map_or(1, |mark| mark.oldest);
        let end = mark.map_or(self.next_position, |mark| mark.next_position);
        let firsts: Vec<(u64, u64)> = self
            .batches
            .iter()
            .map(|(first, batch)| (*first, batch.entries.len() as u64))
            .chain([(end, 0)])
            .collect();
        // Without the mark nobody knows where the journal began.
        if mark.is_none() {
            due = firsts.first().map_or(end, |(first, _)| *first);
        }
        for (first, count) in firsts {
            let missing: Vec<u64> = (due..first)
                .filter(|position| !self.settled.contains(position))
                .filter(|position| {
                    !self
                        .refused
                        .iter()
                        .any(|refused| refused.position == *position)
                })
                .collect();
            for (from, to) in Settled::of(missing).settled {
                let what = format!("the entries {from} to {to} are in no readable record");
                self.leave_out(directory, 0, 0, &what);
            }
            due = due.max(first + count);
        }
        self.saw(end);
    }

    fn saw(&mut self, next: u64) {
        self.next_position = self.next_position.max(next);
    }

    fn leave_out(&mut self, file: &Path, from: usize, to: usize, what: &str) {
        self.left_out.push(LeftOut {
            file: file.to_owned(),
            offset: from as u64,
            bytes: to.saturating_sub(from) as u64,
            what: what.to_owned(),
        });
    }
}

fn write(target: &Path, mut finds: Finds) -> Result<SalvageReport, SalvageError> {
    let lock = directory::claim(target)?;
    let unwritable = |error: io::Error| JournalOpenError::file(target, &error);
    let mut files = Files::begin_at(target, finds.next_position.max(1))?;
    let mut report = SalvageReport {
        saved: 0,
        refused: finds.refused.len() as u64,
        settled: 0,
        left_out: std::mem::take(&mut finds.left_out),
    };
    let refused: BTreeSet<u64> = finds
        .refused
        .iter()
        .map(|refused| refused.position)
        .collect();
    for refused in &finds.refused {
        let payload = refused
            .encode()
            .map_err(io::Error::other)
            .map_err(unwritable)?;
        let mut frames = Vec::new();
        frame::write(
            &mut frames,
            FrameKind::Refused,
            1,
            refused.position,
            &payload,
        );
        files
            .refuse(&frames, &[refused.position])
            .map_err(unwritable)?;
    }
    for (first, batch) in finds.batches {
        let whole = batch.entries.len() as u64;
        let entries: Vec<_> = (first..)
            .zip(batch.entries)
            .filter(|(position, _)| {
                !finds.settled.contains(position) && !refused.contains(position)
            })
            .map(|(_, entry)| entry)
            .collect();
        let count = entries.len() as u64;
        report.settled += whole - count;
        if entries.is_empty() {
            continue;
        }
        let batch = Batch {
            at: batch.at,
            entries,
        };
        let payload = batch
            .encode()
            .map_err(io::Error::other)
            .map_err(unwritable)?;
        let mut frames = Vec::new();
        let number = u32::try_from(count)
            .map_err(io::Error::other)
            .map_err(unwritable)?;
        let position = files.next_position();
        frame::write(&mut frames, FrameKind::Entries, number, position, &payload);
        if files.has_records() && files.active().1 + frames.len() as u64 > SEGMENT_BYTES {
            files.rotate().map_err(unwritable)?;
        }
        files.append(&frames, count).map_err(unwritable)?;
        report.saved += count;
    }
    drop(lock);
    Ok(report)
}
