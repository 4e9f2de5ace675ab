//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a store did since it was opened, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SqliteMetrics {
    /// Commits, each of one group of jobs.
    pub commits: u64,
    /// Jobs that were committed; divided by `commits` this is the mean size of a group.
    pub jobs: u64,
    /// Jobs that failed.
    pub failed_jobs: u64,
    /// The most jobs that ever shared a commit.
    pub largest_group: u64,
    /// Messages that were stored.
    pub messages: u64,
    /// Reads that were served, failed ones included.
    pub reads: u64,
    /// Writes that wait or are being written.
    pub queued_writes: u64,
    /// Reads that wait or are being served.
    pub queued_reads: u64,
    /// Pages of 4 KiB in the write-ahead log after the last commit.
    pub log_pages: u64,
    /// Checkpoints off the append path.
    pub checkpoints: u64,
    /// Checkpoints for which the writer stopped.
    pub writer_checkpoints: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) jobs: AtomicU64,
    pub(crate) failed_jobs: AtomicU64,
    pub(crate) largest_group: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) queued_writes: AtomicU64,
    pub(crate) queued_reads: AtomicU64,
    pub(crate) log_pages: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) writer_checkpoints: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> SqliteMetrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SqliteMetrics {
            commits: of(&self.commits),
            jobs: of(&self.jobs),
            failed_jobs: of(&self.failed_jobs),
            largest_group: of(&self.largest_group),
            messages: of(&self.messages),
            reads: of(&self.reads),
            queued_writes: of(&self.queued_writes),
            queued_reads: of(&self.queued_reads),
            log_pages: of(&self.log_pages),
            checkpoints: of(&self.checkpoints),
            writer_checkpoints: of(&self.writer_checkpoints),
        }
    }
}

/// Counts one for as long as it lives.
#[derive(Debug)]
pub(crate) struct Gauge {
    counters: std::sync::Arc<Counters>,
    of: fn(&Counters) -> &AtomicU64,
}

impl Gauge {
    pub(crate) fn new(
        counters: &std::sync::Arc<Counters>,
        of: fn(&Counters) -> &AtomicU64,
    ) -> Self {
        of(counters).fetch_add(1, Ordering::Relaxed);
        Self {
            counters: std::sync::Arc::clone(counters),
            of,
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        (self.of)(&self.counters).fetch_sub(1, Ordering::Relaxed);
    }
}
