//! The audit log: what happened to accounts, in order, so that it cannot be changed afterwards without being noticed.
//!
//! Entries are numbered 1, 2, 3 … without gaps over the whole store. Each has the hash of the one before, so a changed, removed or inserted
//! entry breaks the chain at that place ([`AuditVerifier`]). An entry has names and ids, never content, tokens or keys.

mod chain;
mod encoding;
mod kind;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use manent_types::{Timestamp, UserId};

pub use chain::{AuditBreak, AuditBreakCause, AuditHead, AuditVerifier};
pub use kind::AuditKind;

use crate::secret::{InvalidDigest, from_hexadecimal, hexadecimal};

/// The most characters of one value of an entry's detail; longer ones are cut.
pub const DETAIL_CHARACTERS: usize = 200;

/// A hash of the chain: SHA-256. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHash([u8; 32]);

impl AuditHash {
    /// What stands before the first entry.
    pub const NONE: Self = Self([0; 32]);

    /// A hash as it was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AuditHash({self})")
    }
}

impl FromStr for AuditHash {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        from_hexadecimal(text).map(Self)
    }
}

/// What is to be appended; the store gives it its number, its time and its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditDraft {
    /// What happened.
    pub kind: AuditKind,
    /// Who did it, where it is known.
    pub actor: Option<UserId>,
    /// To whom.
    pub account: Option<UserId>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// More, by name: names and ids only. As stored: a JSON object of strings.
    pub detail: BTreeMap<String, String>,
}

impl AuditDraft {
    /// An entry without detail.
    pub const fn new(kind: AuditKind) -> Self {
        Self {
            kind,
            actor: None,
            account: None,
            address: None,
            detail: BTreeMap::new(),
        }
    }

    /// With who did it and from where.
    #[must_use]
    pub const fn by(mut self, actor: Option<UserId>, address: Option<IpAddr>) -> Self {
        self.actor = actor;
        self.address = address;
        self
    }

    /// With the account that it happened to.
    #[must_use]
    pub const fn on(mut self, account: UserId) -> Self {
        self.account = Some(account);
        self
    }

    /// With one more detail, cut to [`DETAIL_CHARACTERS`].
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string().chars().take(DETAIL_CHARACTERS).collect();
        self.detail.insert(name.to_owned(), value);
        self
    }
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place; counts from 1.
    pub number: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Option<UserId>,
    /// To whom. Stays when the account is deleted.
    pub account: Option<UserId>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// More, by name.
    pub detail: BTreeMap<String, String>,
    /// The hash of the entry before; [`AuditHash::NONE`] for the first.
    pub previous: AuditHash,
    /// The hash of this one, over all the above.
    pub hash: AuditHash,
}

/// An entry whose row holds what is never written: somebody changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "entry {number} of the audit log cannot be read: its column {column} holds what is never written there"
)]
pub struct UnreadableAuditEntry {
    /// Its place.
    pub number: u64,
    /// The first column that cannot be read, such as `audit.kind`.
    pub column: &'static str,
}

/// A row of the log as a store finds it.
pub type AuditRow = Result<AuditEntry, UnreadableAuditEntry>;
