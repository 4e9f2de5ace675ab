//! What a proxy did.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a proxy did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProxyCounts {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were handed on to the server.
    pub connected: u64,
    /// Connections for which the server could not be reached; they were closed.
    pub unreachable: u64,
    /// Connections that were closed at once.
    pub dropped: u64,
    /// Connections that were closed in the middle.
    pub cut: u64,
    /// Connections that were reset.
    pub reset: u64,
    /// Times that a connection began to stall.
    pub stalled: u64,
    /// Pieces that were delayed.
    pub delayed: u64,
    /// Bytes that went to the server.
    pub bytes_to_server: u64,
    /// Bytes that went to clients.
    pub bytes_to_client: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) connected: AtomicU64,
    pub(super) unreachable: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) reset: AtomicU64,
    pub(super) stalled: AtomicU64,
    pub(super) delayed: AtomicU64,
    pub(super) bytes_to_server: AtomicU64,
    pub(super) bytes_to_client: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn read(&self) -> ProxyCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ProxyCounts {
            accepted: read(&self.accepted),
            connected: read(&self.connected),
            unreachable: read(&self.unreachable),
            dropped: read(&self.dropped),
            cut: read(&self.cut),
            reset: read(&self.reset),
            stalled: read(&self.stalled),
            delayed: read(&self.delayed),
            bytes_to_server: read(&self.bytes_to_server),
            bytes_to_client: read(&self.bytes_to_client),
        }
    }
}
