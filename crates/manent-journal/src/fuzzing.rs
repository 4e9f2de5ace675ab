//! What fuzzing reaches of the inside. Every function panics when a promise is broken.

use crate::frame::{self, FrameFault};
use crate::header::{self, FileKind};
use crate::mark::Mark;
use crate::stored::{Batch, Refused, Settled};

/// Bytes of a file: headers, marks and frames, from the beginning and from everywhere.
pub fn file(bytes: &[u8]) {
    for kind in [FileKind::Segment, FileKind::Refused, FileKind::Mark] {
        let _ = header::decode(kind, bytes);
    }
    let _ = Mark::read(bytes);
    let mut from = 0;
    while let Some(place) = frame::find(bytes, from) {
        let found = match frame::read(&bytes[place..]) {
            Ok(found) => found,
            Err(FrameFault::Cut | FrameFault::Changed) => panic!("what was found is no frame"),
        };
        payload(found.payload);
        from = place + 1;
    }
}

/// A payload behind a true checksum, as an older or a newer version or a fault of ours may have written it.
pub fn framed(bytes: &[u8], count: u32, position: u64) {
    for kind in [
        frame::FrameKind::Entries,
        frame::FrameKind::Settled,
        frame::FrameKind::Refused,
    ] {
        let mut buffer = Vec::new();
        frame::write(&mut buffer, kind, count, position, bytes);
        match frame::read(&buffer) {
            Ok(read) => assert_eq!(
                (read.kind, read.count, read.position, read.payload),
                (kind, count, position, bytes)
            ),
            Err(fault) => panic!("what was written is not read: {fault}"),
        }
    }
    payload(bytes);
}

/// What can be read can be written, and read again as the same.
fn payload(bytes: &[u8]) {
    if let Ok(batch) = Batch::decode(bytes) {
        let again = batch
            .encode()
            .ok()
            .and_then(|bytes| Batch::decode(&bytes).ok());
        assert_eq!(again.as_ref(), Some(&batch));
    }
    if let Ok(settled) = Settled::decode(bytes) {
        let again = settled
            .encode()
            .ok()
            .and_then(|bytes| Settled::decode(&bytes).ok());
        assert_eq!(again.map(|again| again.settled), Some(settled.settled));
    }
    if let Ok(refused) = Refused::decode(bytes) {
        let again = refused
            .encode()
            .ok()
            .and_then(|bytes| Refused::decode(&bytes).ok());
        assert_eq!(
            again.map(|again| (again.position, again.at, again.code, again.batch)),
            Some((refused.position, refused.at, refused.code, refused.batch))
        );
    }
}
