//! Attempts and requests, limited by each node for itself.

use crate::limits::{LimitDecision, LimitKey, Rate};
use manent_types::Timestamp;

/// Counts; a [`crate::limits::LimitTable`] behind a lock. Never waits.
pub trait Limiter: Send + Sync {
    /// Takes one.
    fn take(&self, key: LimitKey, rate: Rate, now: Timestamp) -> LimitDecision;

    /// Puts one back that turned out not to count.
    fn put_back(&self, key: &LimitKey, rate: Rate);
}

/// Allows everything; for command lines, whose user could change the database as well.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLimits;

impl Limiter for NoLimits {
    fn take(&self, _: LimitKey, _: Rate, _: Timestamp) -> LimitDecision {
        LimitDecision::Allowed
    }

    fn put_back(&self, _: &LimitKey, _: Rate) {}
}
