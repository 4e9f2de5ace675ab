//! The beginning of each file: what it is, of which version, and a checksum. This layout never changes, so that every version can tell
//! a newer file from a damaged one.

use crate::frame::{FrameFault, take};

/// The version that this code writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 2;

/// The length of a header.
pub(crate) const HEADER_BYTES: usize = 36;

const MAGIC: [u8; 16] = *b"MANENT JOURNAL\r\n";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Entries and what became of them.
    Segment,
    /// Entries that the store can never take.
    Refused,
    /// How much of the other files was acknowledged.
    Mark,
}

impl FileKind {
    const fn code(self) -> u32 {
        match self {
            Self::Segment => 1,
            Self::Refused => 2,
            Self::Mark => 3,
        }
    }
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// It is cut, changed, or something else.
    Damaged,
    /// A newer program wrote it.
    Newer {
        /// Its version.
        found: u32,
    },
}

impl From<FrameFault> for HeaderFault {
    fn from(_: FrameFault) -> Self {
        Self::Damaged
    }
}

/// A header; `first` is the position of a segment's first entry, 0 for the other kinds.
pub(crate) fn encode(kind: FileKind, first: u64) -> [u8; HEADER_BYTES] {
    encode_version(kind, first, VERSION)
}

pub(crate) fn encode_version(kind: FileKind, first: u64, version: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..16].copy_from_slice(&MAGIC);
    header[16..20].copy_from_slice(&version.to_le_bytes());
    header[20..24].copy_from_slice(&kind.code().to_le_bytes());
    header[24..32].copy_from_slice(&first.to_le_bytes());
    let checksum = crc32fast::hash(&header[..32]);
    header[32..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Checks a header and tells `first`.
pub(crate) fn decode(kind: FileKind, bytes: &[u8]) -> Result<u64, HeaderFault> {
    let checked = bytes.get(..32).ok_or(HeaderFault::Damaged)?;
    let mut rest = bytes;
    let magic: [u8; 16] = take(&mut rest)?;
    let version = u32::from_le_bytes(take(&mut rest)?);
    let code = u32::from_le_bytes(take(&mut rest)?);
    let first = u64::from_le_bytes(take(&mut rest)?);
    let checksum = u32::from_le_bytes(take(&mut rest)?);
    if magic != MAGIC || crc32fast::hash(checked) != checksum {
        return Err(HeaderFault::Damaged);
    }
    if version > VERSION {
        return Err(HeaderFault::Newer { found: version });
    }
    if version == 0 || code != kind.code() {
        return Err(HeaderFault::Damaged);
    }
    Ok(first)
}
