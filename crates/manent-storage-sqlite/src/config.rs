//! How a store is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{IgnoreSignals, SignalListener};

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process and a power cut (`synchronous = FULL`).
    #[default]
    Full,
    /// The death of the process; a power cut may take the last moments (`synchronous = NORMAL`).
    Normal,
}

/// How a store is opened. [`SqliteConfig::new`] has the defaults.
#[derive(Clone)]
pub struct SqliteConfig {
    /// Holds `manent.db` and `manent.lock`; created when it is missing.
    pub data_dir: PathBuf,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Threads that read, each with a connection of its own; at least 1.
    pub readers: usize,
    /// How long a call waits for a place in a full queue before it answers that the store is busy.
    pub queue_wait: Duration,
    /// The most bytes of writes that wait or are being written.
    pub queue_bytes: usize,
    /// The most reads that wait or are being served.
    pub queued_reads: usize,
    /// How long one read may take; a longer one answers that the store is busy.
    pub read_timeout: Duration,
    /// The most jobs that share a commit.
    pub group_jobs: usize,
    /// No further job joins a commit that has reached this many bytes.
    pub group_bytes: usize,
    /// How long to wait for a lock that another process holds on the database.
    pub busy_timeout: Duration,
    /// A checkpoint begins when the write-ahead log has this many pages of 4 KiB.
    pub checkpoint_pages: u32,
    /// The writer stops for a checkpoint when the write-ahead log has this many pages of 4 KiB.
    pub log_limit_pages: u32,
    /// The largest that the database may grow, in bytes; absent: as large as the disk allows.
    pub max_database_bytes: Option<u64>,
    /// Only owners who have an account may write: whoever has none is gone, and nothing of theirs comes back. Off: an owner is made at the
    /// first write.
    pub accounts_only: bool,
    /// Is told what went on, after each commit and before the callers are answered.
    pub signals: Arc<dyn SignalListener>,
}

impl SqliteConfig {
    /// The defaults, in this data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Full,
            readers: 4,
            queue_wait: Duration::from_secs(5),
            queue_bytes: 64 * 1024 * 1024,
            queued_reads: 4_096,
            read_timeout: Duration::from_secs(10),
            group_jobs: 512,
            group_bytes: 8 * 1024 * 1024,
            busy_timeout: Duration::from_secs(5),
            checkpoint_pages: 4_000,
            log_limit_pages: 32_000,
            max_database_bytes: None,
            accounts_only: false,
            signals: Arc::new(IgnoreSignals),
        }
    }
}

impl fmt::Debug for SqliteConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqliteConfig")
            .field("data_dir", &self.data_dir)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
