//! How a journal is opened and drained.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::Clock;

/// How a journal is opened and drained. [`JournalConfig::new`] has the defaults.
#[derive(Clone)]
pub struct JournalConfig {
    /// Holds the journal's files and nothing else; created when it is missing.
    pub directory: PathBuf,
    /// The largest size of all its files together: 256 MB.
    pub max_bytes: u64,
    /// A file of entries is followed by a new one at this size: 16 MB.
    pub segment_bytes: u64,
    /// The time of day, noted with each entry.
    pub clock: Arc<dyn Clock>,
    /// Decides the jitter of the draining; two processes should not have the same.
    pub seed: u64,
    /// The wait after the first failed try to drain; it doubles with each failure: 500 ms.
    pub backoff: Duration,
    /// The longest wait: 5 s.
    pub backoff_cap: Duration,
    /// So many failures in a row open the breaker: 3.
    pub max_failures: u32,
    /// How long the breaker stays open the first time; it doubles with each failed probe: 1 s.
    pub open: Duration,
    /// The longest open time: 10 s.
    pub open_cap: Duration,
    /// How long the store may take for one round of draining: 30 s.
    pub apply_timeout: Duration,
    /// Lanes that are drained side by side: 32. A store commits them together.
    pub parallel_lanes: usize,
    /// How long an answer waits in the journal for its parent message before it is kept aside: 60 s.
    pub parent_wait: Duration,
}

impl JournalConfig {
    /// The defaults, in this directory.
    pub fn new(directory: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory: directory.into(),
            max_bytes: 256 * 1024 * 1024,
            segment_bytes: 16 * 1024 * 1024,
            clock,
            seed: 0,
            backoff: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(5),
            max_failures: 3,
            open: Duration::from_secs(1),
            open_cap: Duration::from_secs(10),
            apply_timeout: Duration::from_secs(30),
            parallel_lanes: 32,
            parent_wait: Duration::from_mins(1),
        }
    }
}

impl fmt::Debug for JournalConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JournalConfig")
            .field("directory", &self.directory)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
