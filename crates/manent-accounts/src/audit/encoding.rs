//! The canonical encoding that hashes are made of. Frozen: a change would break every chain there is.
//!
//! `manent-audit-1`, then number and time as 64-bit big-endian integers, then kind, actor, account and address, then the number of details
//! and each name and value, then the previous hash. Texts and optional values are their length in bytes as a 32-bit big-endian integer
//! (`0xffffffff` for an absent value) and their bytes; ids are their 16 bytes, addresses and kinds their text. Details go by the bytes of
//! their names.

use sha2::{Digest, Sha256};

use super::{AuditDraft, AuditHash};
use manent_types::Timestamp;

const DOMAIN: &[u8] = b"manent-audit-1";
const ABSENT: u32 = u32::MAX;

pub(super) fn hash(
    number: u64,
    at: Timestamp,
    draft: &AuditDraft,
    previous: &AuditHash,
) -> AuditHash {
    let mut encoder = Encoder(Sha256::new_with_prefix(DOMAIN));
    encoder.0.update(number.to_be_bytes());
    encoder.0.update(at.as_millisecond().to_be_bytes());
    encoder.bytes(draft.kind.as_str().as_bytes());
    for id in [draft.actor, draft.account] {
        let bytes = id.map(|id| *id.as_uuid().as_bytes());
        encoder.optional(bytes.as_ref().map(<[u8; 16]>::as_slice));
    }
    let address = draft.address.map(|address| address.to_string());
    encoder.optional(address.as_deref().map(str::as_bytes));
    encoder.length(draft.detail.len());
    for (name, value) in &draft.detail {
        encoder.bytes(name.as_bytes());
        encoder.bytes(value.as_bytes());
    }
    encoder.0.update(previous.as_bytes());
    AuditHash::from_bytes(encoder.0.finalize().into())
}

struct Encoder(Sha256);

impl Encoder {
    fn length(&mut self, length: usize) {
        // Drafts are bounded far below this.
        let length = u32::try_from(length).unwrap_or(ABSENT - 1);
        self.0.update(length.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.0.update(ABSENT.to_be_bytes()),
        }
    }
}
