//! Counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a store did since it was opened, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostgresMetrics {
    /// Commits, each of one group of writes.
    pub commits: u64,
    /// Writes that were committed; divided by `commits` this is the mean size of a group.
    pub jobs: u64,
    /// Writes that failed.
    pub failed_jobs: u64,
    /// The most writes that ever shared a commit.
    pub largest_group: u64,
    /// Groups that were done again after a deadlock or a conflict with another process.
    pub retried_groups: u64,
    /// Messages that were stored.
    pub messages: u64,
    /// Reads that were served, failed ones included.
    pub reads: u64,
    /// Writes that wait or are being written.
    pub queued_writes: u64,
    /// Connections that are open, the listening one apart.
    pub connections: u64,
    /// Connections that are in use, the listening one apart.
    pub connections_in_use: u64,
    /// Calls that wait for a connection.
    pub connection_waits: u64,
    /// Connections that broke or hung and were given up.
    pub broken_connections: u64,
    /// How often the listening connection was made again.
    pub listener_reconnects: u64,
    /// Notifications that were sent to other processes.
    pub notifications_sent: u64,
    /// Notifications that came from other processes.
    pub notifications_received: u64,
    /// How often something had gone on of which no notification came.
    pub missed_notifications: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) jobs: AtomicU64,
    pub(crate) failed_jobs: AtomicU64,
    pub(crate) largest_group: AtomicU64,
    pub(crate) retried_groups: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) queued_writes: AtomicU64,
    pub(crate) broken_connections: AtomicU64,
    pub(crate) listener_reconnects: AtomicU64,
    pub(crate) notifications_sent: AtomicU64,
    pub(crate) notifications_received: AtomicU64,
    pub(crate) missed_notifications: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// All but what the pool knows.
    pub(crate) fn snapshot(&self) -> PostgresMetrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PostgresMetrics {
            commits: of(&self.commits),
            jobs: of(&self.jobs),
            failed_jobs: of(&self.failed_jobs),
            largest_group: of(&self.largest_group),
            retried_groups: of(&self.retried_groups),
            messages: of(&self.messages),
            reads: of(&self.reads),
            queued_writes: of(&self.queued_writes),
            broken_connections: of(&self.broken_connections),
            listener_reconnects: of(&self.listener_reconnects),
            notifications_sent: of(&self.notifications_sent),
            notifications_received: of(&self.notifications_received),
            missed_notifications: of(&self.missed_notifications),
            ..PostgresMetrics::default()
        }
    }
}

/// Counts one for as long as it lives.
#[derive(Debug)]
pub(crate) struct Gauge {
    counters: Arc<Counters>,
    of: fn(&Counters) -> &AtomicU64,
}

impl Gauge {
    pub(crate) fn new(counters: &Arc<Counters>, of: fn(&Counters) -> &AtomicU64) -> Self {
        of(counters).fetch_add(1, Ordering::Relaxed);
        Self {
            counters: Arc::clone(counters),
            of,
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        (self.of)(&self.counters).fetch_sub(1, Ordering::Relaxed);
    }
}
