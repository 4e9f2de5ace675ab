//! Records in a file: a mark to find them by, their length, a checksum, and what they hold.
//!
//! Invariant: a frame that [`read`] gives back is the one that was written: every single flipped bit is noticed.

/// Every frame begins with these bytes, so that what follows a damaged place can be found again.
pub(crate) const MAGIC: [u8; 4] = [0x96, b'M', b'J', b'R'];

/// Before the payload.
pub(crate) const HEAD_BYTES: usize = 25;

/// The largest payload. A longer one is refused when it is written, and is damage when it is read.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 64 * 1024 * 1024;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Entries that wait for the store.
    Entries,
    /// Positions that need nothing more.
    Settled,
    /// An entry that the store can never take.
    Refused,
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            Self::Entries => 1,
            Self::Settled => 2,
            Self::Refused => 3,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Entries, Self::Settled, Self::Refused]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// A frame in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'bytes> {
    /// What it holds.
    pub(crate) kind: FrameKind,
    /// How many positions it takes, from [`Self::position`] on.
    pub(crate) count: u32,
    /// The position of its first entry, or the next free one.
    pub(crate) position: u64,
    /// The stored form of what it holds.
    pub(crate) payload: &'bytes [u8],
}

impl Frame<'_> {
    /// Its length in the file.
    pub(crate) const fn length(&self) -> usize {
        HEAD_BYTES + self.payload.len()
    }
}

/// Why there is no frame at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameFault {
    /// The file ends inside of it.
    #[error("a record is cut")]
    Cut,
    /// Something else stands there, or it was changed.
    #[error("a record's checksum is wrong")]
    Changed,
}

/// Appends a frame to a buffer. The payload is at most [`MAX_PAYLOAD_BYTES`] long.
pub(crate) fn write(
    buffer: &mut Vec<u8>,
    kind: FrameKind,
    count: u32,
    position: u64,
    payload: &[u8],
) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    buffer.reserve(HEAD_BYTES + payload.len());
    buffer.extend_from_slice(&MAGIC);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer
        .extend_from_slice(&checksum(length, kind.code(), count, position, payload).to_le_bytes());
    buffer.push(kind.code());
    buffer.extend_from_slice(&count.to_le_bytes());
    buffer.extend_from_slice(&position.to_le_bytes());
    buffer.extend_from_slice(payload);
}

/// The frame at the beginning of these bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Frame<'_>, FrameFault> {
    let mut rest = bytes;
    let magic: [u8; 4] = take(&mut rest)?;
    let length = u32::from_le_bytes(take(&mut rest)?);
    let expected = u32::from_le_bytes(take(&mut rest)?);
    let [code] = take(&mut rest)?;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let position = u64::from_le_bytes(take(&mut rest)?);
    if magic != MAGIC {
        return Err(FrameFault::Changed);
    }
    let payload_bytes = usize::try_from(length).map_err(|_| FrameFault::Changed)?;
    if payload_bytes > MAX_PAYLOAD_BYTES {
        return Err(FrameFault::Changed);
    }
    let payload = rest.get(..payload_bytes).ok_or(FrameFault::Cut)?;
    if checksum(length, code, count, position, payload) != expected {
        return Err(FrameFault::Changed);
    }
    let kind = FrameKind::of(code).ok_or(FrameFault::Changed)?;
    Ok(Frame {
        kind,
        count,
        position,
        payload,
    })
}

/// The next place, at or after `from`, where a whole frame stands.
pub(crate) fn find(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find_iter(bytes.get(from..)?, &MAGIC)
        .map(|place| from + place)
        .find(|place| read(&bytes[*place..]).is_ok())
}

pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], FrameFault> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(FrameFault::Cut)?;
    *rest = after;
    Ok(*taken)
}

fn checksum(length: u32, code: u8, count: u32, position: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&[code]);
    hasher.update(&count.to_le_bytes());
    hasher.update(&position.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, FrameKind::Entries, 2, 41, b"hello");
        bytes
    }

    #[test]
    fn the_form_is_frozen() {
        let frozen: [&[u8]; 4] = [
            b"\x96MJR\x05\0\0\0\x80\x70\x17\x1c",
            b"\x01\x02\0\0\0",
            b"\x29\0\0\0\0\0\0\0",
            b"hello",
        ];
        assert_eq!(sample(), frozen.concat());
    }

    #[test]
    fn reads_what_it_writes() {
        let bytes = sample();
        let frame = read(&bytes).unwrap();
        assert_eq!(
            frame,
            Frame {
                kind: FrameKind::Entries,
                count: 2,
                position: 41,
                payload: b"hello"
            }
        );
        assert_eq!(frame.length(), bytes.len());
    }

    #[test]
    fn notices_every_flipped_bit_and_every_cut() {
        let bytes = sample();
        for place in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[place / 8] ^= 1 << (place % 8);
            assert!(read(&changed).is_err(), "bit {place}");
        }
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Err(FrameFault::Cut), "{length}");
        }
    }

    #[test]
    fn finds_the_next_whole_frame_behind_rubbish() {
        let mut bytes = b"rubbish".to_vec();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend(sample());
        assert_eq!(find(&bytes, 0), Some(11));
        assert_eq!(find(&bytes, 12), None);
    }
}
