//! Names for what the engine moves.

use std::fmt;

use manent_types::DeviceId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An item of the outbox. Minted by the caller; the server stores each id at most once, so a resend is harmless.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub Uuid);

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ItemId({})", self.0)
    }
}

/// The unit of ordering: what one device puts into one stream. In a chat the stream is the conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneId {
    /// Who sends.
    pub device: DeviceId,
    /// Into what.
    pub stream: Uuid,
}

/// A request that the shell was asked to send. Unique for one engine in memory, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A transaction that the shell was asked to write. Unique for one engine in memory, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersistId(pub u64);
