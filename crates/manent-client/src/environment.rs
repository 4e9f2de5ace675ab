//! The one place where this crate takes the time, ids and randomness from the machine.

use manent_engine::{Millis, TraceContext};
use manent_types::Timestamp;
use uuid::Uuid;

/// Milliseconds since 1970 by the machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell is where the engine's time comes from"
)]
pub(crate) fn now() -> Millis {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| u64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}

/// Now, as it stands on the wire; absent where the machine's clock lies outside of what can be written.
pub(crate) fn timestamp() -> Option<Timestamp> {
    i64::try_from(now())
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
}

/// A new id of version 7.
#[expect(
    clippy::disallowed_methods,
    reason = "a client mints the ids of what it creates"
)]
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// The beginning of a new trace; absent in the one case in 2^64 that gives zeros, which no trace may have.
pub(crate) fn new_trace() -> Option<TraceContext> {
    let (trace, span): (u128, u64) = (rand::random(), rand::random());
    format!("00-{trace:032x}-{span:016x}-01").parse().ok()
}

/// Decides the engine's jitter.
pub(crate) fn seed() -> u64 {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_trace_is_well_formed() {
        assert!(new_trace().is_some());
        assert_ne!(new_trace(), new_trace());
    }
}
