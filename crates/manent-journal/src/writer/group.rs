//! Appends that share one sync.

use std::io;
use std::sync::atomic::Ordering;

use manent_domain::ports::JournalError;

use super::{Append, Writer};
use crate::frame::{self, FrameKind, HEAD_BYTES};
use crate::index::EntryPlace;

/// No further append joins a group that has reached this many bytes.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The room that entries leave for the notes of what is settled and for refused entries: a part of the whole.
const RESERVED_PART: u64 = 16;

/// What one write holds.
#[derive(Default)]
struct Group {
    frames: Vec<u8>,
    positions: u64,
    entries: Vec<(u64, EntryPlace)>,
    appends: Vec<(Append, u64)>,
}

impl Writer {
    /// The size up to which entries are taken.
    fn room_for_entries(&self) -> u64 {
        self.max_bytes - self.max_bytes / RESERVED_PART
    }

    /// Writes these, in order, and answers each.
    pub(super) fn append(&mut self, appends: Vec<Append>) {
        let mut group = Group::default();
        for append in appends {
            let length = (HEAD_BYTES + append.payload.len()) as u64;
            let bytes = self.files.bytes() + group.frames.len() as u64;
            if bytes + length > self.room_for_entries() {
                // A batch that is too large for any journal says nothing about this one.
                if length <= self.max_bytes / RESERVED_PART {
                    self.figures.full_at.store(bytes, Ordering::Relaxed);
                }
                let detail = format!(
                    "it has {bytes} of at most {} bytes, and a batch of {length} bytes does not fit",
                    self.room_for_entries()
                );
                self.answer(append, Err(JournalError::Full { detail }));
                continue;
            }
            let (_, active_bytes) = self.files.active();
            let filled = active_bytes + group.frames.len() as u64;
            let has_records = self.files.has_records() || !group.frames.is_empty();
            if has_records && filled + length > self.segment_bytes {
                self.write(std::mem::take(&mut group));
                if let Err(error) = self.files.rotate() {
                    self.refuse(append, &error);
                    continue;
                }
            }
            self.join(&mut group, append);
        }
        self.write(group);
    }

    fn join(&self, group: &mut Group, append: Append) {
        let (segment, active_bytes) = self.files.active();
        let offset = active_bytes + group.frames.len() as u64;
        let first = self.files.next_position() + group.positions;
        let count = append.lanes.len() as u64;
        let before = group.frames.len();
        frame::write(
            &mut group.frames,
            FrameKind::Entries,
            u32::try_from(count).unwrap_or(u32::MAX),
            first,
            &append.payload,
        );
        let length = u32::try_from(group.frames.len() - before).unwrap_or(u32::MAX);
        for ((position, place), lane) in (first..).zip(0..).zip(&append.lanes) {
            let place = EntryPlace {
                lane: *lane,
                at: append.at,
                segment,
                offset,
                length,
                place,
            };
            group.entries.push((position, place));
        }
        group.positions += count;
        group.appends.push((append, first + count - 1));
    }

    fn write(&mut self, group: Group) {
        if group.appends.is_empty() {
            return;
        }
        let written = self.files.append(&group.frames, group.positions);
        self.note_outcome(&written);
        match written {
            Ok(()) => {
                let figures = &self.figures;
                figures
                    .appended
                    .fetch_add(group.positions, Ordering::Relaxed);
                figures.syncs.fetch_add(1, Ordering::Relaxed);
                self.index.insert(group.entries);
                self.publish();
                for (append, last) in group.appends {
                    self.answer(append, Ok(last));
                }
                self.added.notify_one();
            }
            Err(error) => {
                for (append, _) in group.appends {
                    self.refuse(append, &error);
                }
            }
        }
    }

    fn refuse(&self, append: Append, error: &io::Error) {
        let detail = error.to_string();
        let error = match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => JournalError::Full { detail },
            _ => JournalError::Unavailable { detail },
        };
        self.answer(append, Err(error));
    }

    fn answer(&self, append: Append, answer: Result<u64, JournalError>) {
        if answer.is_err() {
            self.index.give_back(append.lanes.iter().copied());
        }
        self.figures
            .queued_bytes
            .fetch_sub(append.payload.len() as u64, Ordering::Relaxed);
        // Who does not listen any more needs no answer; the entries are safe all the same.
        let _ = append.reply.send(answer);
    }
}
