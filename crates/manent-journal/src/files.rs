//! The files that are written: one segment, the refused entries, the mark.
//!
//! Invariants:
//! - nothing is acknowledged before the records and then the mark are on the disk;
//! - a write that fails leaves the files as if it had never begun, or the journal takes nothing until that is done;
//! - a segment is deleted only when the mark says that it is no longer needed.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::directory::{self, private};
use crate::error::JournalOpenError;
use crate::header::{self, FileKind, HEADER_BYTES};
use crate::mark::{self, Mark};
use crate::recovery::{Recovered, Segment};

/// See the module.
#[derive(Debug)]
pub(crate) struct Files {
    directory: PathBuf,
    mark: Mark,
    mark_file: File,
    /// All but the active one, in order.
    older: VecDeque<Segment>,
    active: Segment,
    active_file: File,
    /// So much of the active segment is on the disk for sure.
    synced_bytes: u64,
    /// Opened with the first refused entry.
    refused_file: Option<File>,
    refused_bytes: u64,
    refused: BTreeSet<u64>,
    /// Something may stand behind the active segment's or the refused file's end.
    has_rest: bool,
}

impl Files {
    /// A new journal whose first entry gets this position.
    pub(crate) fn begin_at(directory: &Path, first: u64) -> Result<Self, JournalOpenError> {
        let mark_path = directory.join(mark::FILE_NAME);
        let recovered =
            begin(directory, first).map_err(|error| JournalOpenError::file(&mark_path, &error))?;
        Self::open(directory, Some(recovered))
    }

    /// Makes the directory ready for writing: cuts tails, deletes leftovers, begins a new journal.
    pub(crate) fn open(
        directory: &Path,
        recovered: Option<Recovered>,
    ) -> Result<Self, JournalOpenError> {
        let mark_path = directory.join(mark::FILE_NAME);
        let Some(recovered) = recovered else {
            return Self::begin_at(directory, 1);
        };
        for tail in &recovered.tails {
            tracing::warn!(
                file = %tail.file.display(),
                from = tail.from,
                bytes = tail.bytes,
                "an unfinished record at the end of the journal was cut off; it was never acknowledged"
            );
            cut(&tail.file, tail.from)
                .map_err(|error| JournalOpenError::file(&tail.file, &error))?;
        }
        for file in &recovered.leftovers {
            tracing::info!(file = %file.display(), "a file of the journal that is no longer needed was deleted");
            fs::remove_file(file).map_err(|error| JournalOpenError::file(file, &error))?;
        }
        let mark_file = private()
            .write(true)
            .open(&mark_path)
            .map_err(|error| JournalOpenError::file(&mark_path, &error))?;
        let mut older: VecDeque<Segment> = recovered.segments.into();
        let (active, active_file) = match older.pop_back() {
            Some(active) => {
                let path = directory::segment_path(directory, active.first);
                let file = private().write(true).open(&path);
                let file = file.map_err(|error| JournalOpenError::file(&path, &error))?;
                (active, file)
            }
            None => create_segment(directory, recovered.mark.next_position).map_err(|error| {
                let path = directory::segment_path(directory, recovered.mark.next_position);
                JournalOpenError::file(&path, &error)
            })?,
        };
        let refused_file = if recovered.refused_bytes == 0 {
            None
        } else {
            let path = directory.join(directory::REFUSED_NAME);
            let file = private().write(true).open(&path);
            Some(file.map_err(|error| JournalOpenError::file(&path, &error))?)
        };
        let mut files = Self {
            directory: directory.to_owned(),
            mark: recovered.mark,
            mark_file,
            older,
            active,
            active_file,
            synced_bytes: 0,
            refused_file,
            refused_bytes: recovered.refused_bytes,
            refused: recovered.refused,
            has_rest: false,
        };
        // What was taken from behind the mark is worth as much as the rest from now on.
        files
            .sync_all(directory)
            .map_err(|error| JournalOpenError::file(&mark_path, &error))?;
        Ok(files)
    }

    /// The size of everything.
    pub(crate) fn bytes(&self) -> u64 {
        let older: u64 = self.older.iter().map(|segment| segment.bytes).sum();
        older + self.active.bytes + self.refused_bytes
    }

    pub(crate) fn refused_count(&self) -> u64 {
        self.refused.len() as u64
    }

    pub(crate) fn is_refused(&self, position: u64) -> bool {
        self.refused.contains(&position)
    }

    /// The position of the next entry.
    pub(crate) fn next_position(&self) -> u64 {
        self.active.end
    }

    /// The first position of the segment that is written, and its length.
    pub(crate) fn active(&self) -> (u64, u64) {
        (self.active.first, self.active.bytes)
    }

    /// Whether the active segment holds any record.
    pub(crate) fn has_records(&self) -> bool {
        self.active.bytes > HEADER_BYTES as u64
    }

    /// Adds whole frames that take so many positions and makes them durable.
    pub(crate) fn append(&mut self, frames: &[u8], positions: u64) -> io::Result<()> {
        self.clear_rest()?;
        self.has_rest = true;
        write_at(&mut self.active_file, self.active.bytes, frames)?;
        self.active_file.sync_data()?;
        let before = self.active.clone();
        let synced_before = self.synced_bytes;
        self.active.bytes += frames.len() as u64;
        self.active.end += positions;
        self.synced_bytes = self.active.bytes;
        if let Err(error) = self.write_mark() {
            self.active = before;
            self.synced_bytes = synced_before;
            return Err(error);
        }
        self.has_rest = false;
        Ok(())
    }

    /// Adds whole frames that take no positions and may be lost.
    pub(crate) fn note(&mut self, frames: &[u8]) -> io::Result<()> {
        self.clear_rest()?;
        self.has_rest = true;
        write_at(&mut self.active_file, self.active.bytes, frames)?;
        self.active.bytes += frames.len() as u64;
        self.has_rest = false;
        Ok(())
    }

    /// Adds frames of refused entries and makes them durable.
    pub(crate) fn refuse(&mut self, frames: &[u8], positions: &[u64]) -> io::Result<()> {
        self.clear_rest()?;
        let path = self.directory.join(directory::REFUSED_NAME);
        let file = match &mut self.refused_file {
            Some(file) => file,
            None => self.refused_file.insert(
                private()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&path)?,
            ),
        };
        self.has_rest = true;
        let before = self.refused_bytes;
        let mut bytes = before;
        if bytes == 0 {
            write_at(file, 0, &header::encode(FileKind::Refused, 0))?;
            bytes = HEADER_BYTES as u64;
        }
        write_at(file, bytes, frames)?;
        file.sync_data()?;
        if before == 0 {
            directory::sync(&self.directory)?;
        }
        self.refused_bytes = bytes + frames.len() as u64;
        self.refused.extend(positions);
        if let Err(error) = self.write_mark() {
            self.refused_bytes = before;
            for position in positions {
                self.refused.remove(position);
            }
            return Err(error);
        }
        self.has_rest = false;
        Ok(())
    }

    /// Forgets the refused entries; they are somewhere else by now.
    pub(crate) fn clear_refused(&mut self) -> io::Result<()> {
        let before = (self.refused_bytes, std::mem::take(&mut self.refused));
        self.refused_bytes = 0;
        if let Err(error) = self.write_mark() {
            (self.refused_bytes, self.refused) = before;
            return Err(error);
        }
        self.refused_file = None;
        fs::remove_file(self.directory.join(directory::REFUSED_NAME))
    }

    /// Goes on in a new segment.
    pub(crate) fn rotate(&mut self) -> io::Result<()> {
        self.clear_rest()?;
        // What is no longer the active segment counts in full.
        self.active_file.sync_data()?;
        self.synced_bytes = self.active.bytes;
        let (segment, file) = create_segment(&self.directory, self.active.end)?;
        let before = std::mem::replace(&mut self.active, segment);
        self.older.push_back(before);
        self.synced_bytes = self.active.bytes;
        if let Err(error) = self.write_mark() {
            if let Some(before) = self.older.pop_back() {
                self.synced_bytes = before.bytes;
                self.active = before;
            }
            return Err(error);
        }
        self.active_file = file;
        Ok(())
    }

    /// Deletes the oldest segments in which nothing waits any more. `waits` tells whether any of these positions does.
    pub(crate) fn drop_drained(
        &mut self,
        waits: impl Fn(std::ops::Range<u64>) -> bool,
    ) -> io::Result<()> {
        let mut dropped = Vec::new();
        while let Some(oldest) = self.older.front()
            && !waits(oldest.first..oldest.end)
        {
            dropped.extend(self.older.pop_front());
        }
        if dropped.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.write_mark() {
            for segment in dropped.into_iter().rev() {
                self.older.push_front(segment);
            }
            return Err(error);
        }
        for segment in dropped {
            fs::remove_file(directory::segment_path(&self.directory, segment.first))?;
        }
        Ok(())
    }

    /// Makes a failed write undone, and finds out whether writing works.
    pub(crate) fn probe(&mut self) -> io::Result<()> {
        self.clear_rest()?;
        self.active_file.sync_data()?;
        self.synced_bytes = self.active.bytes;
        self.write_mark()
    }

    fn sync_all(&mut self, directory: &Path) -> io::Result<()> {
        self.active_file.sync_data()?;
        self.synced_bytes = self.active.bytes;
        if let Some(file) = &self.refused_file {
            file.sync_data()?;
        }
        directory::sync(directory)?;
        self.write_mark()
    }

    fn clear_rest(&mut self) -> io::Result<()> {
        if self.has_rest {
            self.active_file.set_len(self.active.bytes)?;
            if let Some(file) = &self.refused_file {
                file.set_len(self.refused_bytes)?;
            }
            self.has_rest = false;
        }
        Ok(())
    }

    /// Everything that was synced so far is acknowledged.
    fn write_mark(&mut self) -> io::Result<()> {
        let mark = Mark {
            sequence: self.mark.sequence + 1,
            oldest: self.older.front().unwrap_or(&self.active).first,
            active: self.active.first,
            active_bytes: self.synced_bytes,
            next_position: self.active.end,
            refused_bytes: self.refused_bytes,
            refused_count: self.refused.len() as u64,
        };
        mark.write(&mut self.mark_file)?;
        self.mark = mark;
        Ok(())
    }
}

/// A journal's first file.
fn begin(directory: &Path, first: u64) -> io::Result<Recovered> {
    let mark = Mark {
        sequence: 1,
        oldest: first,
        active: first,
        next_position: first,
        ..Mark::default()
    };
    let path = directory.join(mark::FILE_NAME);
    let new = path.with_extension("new");
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&new)?;
    file.write_all(&mark.file())?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    directory::sync(directory)?;
    Ok(Recovered {
        mark,
        ..Recovered::default()
    })
}

fn create_segment(directory: &Path, first: u64) -> io::Result<(Segment, File)> {
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(directory::segment_path(directory, first))?;
    file.write_all(&header::encode(FileKind::Segment, first))?;
    file.sync_all()?;
    directory::sync(directory)?;
    let segment = Segment {
        first,
        end: first,
        bytes: HEADER_BYTES as u64,
    };
    Ok((segment, file))
}

fn cut(file: &Path, length: u64) -> io::Result<()> {
    let file = private().write(true).open(file)?;
    file.set_len(length)?;
    file.sync_all()
}

fn write_at(file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
