//! Times and sizes of runs.

use std::time::Duration;

/// Times and sizes of runs; every one has a default.
#[derive(Debug, Clone)]
pub struct RunsConfig {
    /// How often what happened is stored: 100 ms.
    pub flush_interval: Duration,
    /// How often the answer so far is written into its message: 2 s.
    pub snapshot_interval: Duration,
    /// How often a run that is silent says that it lives: 2 s.
    pub heartbeat_interval: Duration,
    /// After which silence a run of another process counts as dead: 8 s.
    pub dead_after: Duration,
    /// How long the provider's request waits for the registration of a run whose id came from the client: 75 ms.
    pub registration_wait: Duration,
    /// How long a write may take before it goes to the journal: 2 s.
    pub store_wait: Duration,
    /// How long the end of an answer waits for what is not stored yet: 5 s.
    pub join_wait: Duration,
    /// How long an answer is offered to a conversation whose parent message is not there yet: 60 s.
    pub parent_wait: Duration,
    /// How long the log of a run that ended is kept: 24 h.
    pub log_retention: Duration,
    /// How many runs one process carries at once: 2,000.
    pub max_running: usize,
}

impl RunsConfig {
    /// After how long without an answer of the store the journal gets the same as well.
    pub(crate) fn patience(&self) -> Duration {
        self.flush_interval * 5 / 4
    }
}

impl Default for RunsConfig {
    fn default() -> Self {
        Self {
            flush_interval: Duration::from_millis(100),
            snapshot_interval: Duration::from_secs(2),
            heartbeat_interval: Duration::from_secs(2),
            dead_after: Duration::from_secs(8),
            registration_wait: Duration::from_millis(75),
            store_wait: Duration::from_secs(2),
            join_wait: Duration::from_secs(5),
            parent_wait: Duration::from_mins(1),
            log_retention: Duration::from_hours(24),
            max_running: 2_000,
        }
    }
}
