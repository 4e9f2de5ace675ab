//! What the engine counts.

use crate::circuit_breaker::BreakerState;
use crate::time::Millis;

/// Counts since the engine was made, and how things stand now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// Items that are to be sent, those in a request included.
    pub queued_messages: usize,
    /// Items in the tray.
    pub failed_messages: usize,
    /// Items in the request that is under way.
    pub sending_messages: usize,
    /// Requests after which at least one item was settled.
    pub successful_syncs: u64,
    /// Requests that failed or settled nothing.
    pub failed_syncs: u64,
    /// Items that were sent again.
    pub retry_attempts: u64,
    /// How long the oldest item to be sent has been waiting, by the caller's clock.
    pub oldest_age_ms: Option<Millis>,
    /// The breaker, times by the engine's own clock.
    pub breaker: BreakerState,
    /// Whether someone has to sign in.
    pub is_paused_for_sign_in: bool,
}

/// The counters among [`Metrics`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) successful_syncs: u64,
    pub(crate) failed_syncs: u64,
    pub(crate) retry_attempts: u64,
}
