//! What the engine counts.

use crate::circuit_breaker::BreakerState;
use crate::time::Millis;

/// Counts since the engine was made, and how things stand now. Times are by the caller's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// Items that are to be sent, those in a request and those not yet durable included.
    pub queued_messages: usize,
    /// Of these, those that the device's store has not confirmed.
    pub storing_messages: usize,
    /// Of these, those in the request that is under way.
    pub sending_messages: usize,
    /// Of these, those that are safe on this device and held up by what [`crate::Event::Pace`] told.
    pub waiting_messages: usize,
    /// Items in the tray.
    pub failed_messages: usize,
    /// Requests after which at least one item was settled.
    pub successful_syncs: u64,
    /// Requests that failed or settled nothing.
    pub failed_syncs: u64,
    /// Items that were sent again.
    pub retry_attempts: u64,
    /// When the item that is next was enqueued.
    pub oldest_enqueued_at: Option<Millis>,
    /// How long it has been waiting.
    pub oldest_age_ms: Option<Millis>,
    /// The breaker.
    pub breaker: BreakerState,
    /// When the next try goes by itself, while one is awaited.
    pub next_try_at: Option<Millis>,
    /// Whether someone has to sign in.
    pub is_paused_for_sign_in: bool,
    /// Whether the device's store refused the last transaction.
    pub is_storage_refusing: bool,
    /// Whether this engine is the one that sends.
    pub is_leading: bool,
}

/// The counters among [`Metrics`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) successful_syncs: u64,
    pub(crate) failed_syncs: u64,
    pub(crate) retry_attempts: u64,
}
