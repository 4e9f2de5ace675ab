//! The mark: how much of the other files was acknowledged.
//!
//! It is written and synced after the records that it covers and before anybody is told that they are safe. So what lies before it and
//! cannot be read is damage, and what lies behind it was promised to nobody: an unfinished append can never be mistaken for a cut file.
//!
//! Two slots are written in turn; a slot that is torn while it is written leaves the other.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use crate::frame::take;
use crate::header::{self, FileKind, HeaderFault};

/// The file's name.
pub(crate) const FILE_NAME: &str = "journal.mark";

/// The file's length.
pub(crate) const FILE_BYTES: usize = 1_536;

const SLOT_BYTES: usize = 60;
const SLOT_PLACES: [usize; 2] = [512, 1_024];

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// Grows with each writing.
    pub(crate) sequence: u64,
    /// The first position of the oldest segment that is needed; older ones are drained and may be deleted.
    pub(crate) oldest: u64,
    /// The first position of the segment that is written.
    pub(crate) active: u64,
    /// So many bytes of it are acknowledged; 0 while the file need not exist.
    pub(crate) active_bytes: u64,
    /// The position after the last acknowledged one.
    pub(crate) next_position: u64,
    /// So many bytes of the refused entries' file are acknowledged; 0 while the file need not exist.
    pub(crate) refused_bytes: u64,
    /// So many entries are in them.
    pub(crate) refused_count: u64,
}

impl Mark {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        let fields = [
            self.sequence,
            self.oldest,
            self.active,
            self.active_bytes,
            self.next_position,
            self.refused_bytes,
            self.refused_count,
        ];
        for (place, field) in slot.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        let checksum = crc32fast::hash(&slot[..56]);
        slot[56..].copy_from_slice(&checksum.to_le_bytes());
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let checked = slot.get(..56)?;
        let mut rest = slot;
        let mut next = || take(&mut rest).ok().map(u64::from_le_bytes);
        let mark = Self {
            sequence: next()?,
            oldest: next()?,
            active: next()?,
            active_bytes: next()?,
            next_position: next()?,
            refused_bytes: next()?,
            refused_count: next()?,
        };
        let checksum = u32::from_le_bytes(take(&mut rest).ok()?);
        (crc32fast::hash(checked) == checksum).then_some(mark)
    }

    /// A whole file with this mark.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut bytes = vec![0; FILE_BYTES];
        let head = header::encode(FileKind::Mark, 0);
        bytes[..head.len()].copy_from_slice(&head);
        let place = slot_place(self.sequence);
        bytes[place..place + SLOT_BYTES].copy_from_slice(&self.encode());
        bytes
    }

    /// The newest mark in a file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, HeaderFault> {
        header::decode(FileKind::Mark, bytes)?;
        if bytes.len() != FILE_BYTES {
            return Err(HeaderFault::Damaged);
        }
        SLOT_PLACES
            .iter()
            .filter_map(|place| Self::decode(&bytes[*place..*place + SLOT_BYTES]))
            .max_by_key(|mark| mark.sequence)
            .ok_or(HeaderFault::Damaged)
    }

    /// Writes it over the older one of the two, durably.
    pub(crate) fn write(&self, file: &mut File) -> io::Result<()> {
        let place = u64::try_from(slot_place(self.sequence)).map_err(io::Error::other)?;
        file.seek(SeekFrom::Start(place))?;
        file.write_all(&self.encode())?;
        file.sync_data()
    }
}

const fn slot_place(sequence: u64) -> usize {
    if sequence.is_multiple_of(2) {
        SLOT_PLACES[0]
    } else {
        SLOT_PLACES[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Mark {
        Mark {
            sequence: 7,
            oldest: 1,
            active: 20,
            active_bytes: 300,
            next_position: 25,
            refused_bytes: 99,
            refused_count: 2,
        }
    }

    #[test]
    fn the_newest_whole_slot_counts() {
        let mut bytes = sample().file();
        let newer = Mark {
            sequence: 8,
            ..sample()
        };
        bytes[512..572].copy_from_slice(&newer.encode());
        assert_eq!(Mark::read(&bytes), Ok(newer));
        bytes[520] ^= 1;
        assert_eq!(Mark::read(&bytes), Ok(sample()));
        bytes[1_030] ^= 1;
        assert_eq!(Mark::read(&bytes), Err(HeaderFault::Damaged));
    }

    #[test]
    fn a_cut_file_is_damaged() {
        let bytes = sample().file();
        for length in 0..bytes.len() {
            assert!(Mark::read(&bytes[..length]).is_err(), "{length}");
        }
    }
}
