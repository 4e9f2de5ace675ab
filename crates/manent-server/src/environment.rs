//! The real clock and the real source of ids: the only places that reach for them.

use std::sync::Arc;

use manent_domain::ports::{Clock, IdSource};
use manent_providers::RandomSource;
use manent_types::Timestamp;
use uuid::Uuid;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the adapter behind the Clock port"
    )]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |duration| {
                i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
            });
        Timestamp::from_millisecond(since_1970).unwrap_or(EPOCH)
    }
}

/// 1970-01-01T00:00:00Z, for a clock that is set to an impossible time.
const EPOCH: Timestamp = match Timestamp::from_millisecond(0) {
    Ok(epoch) => epoch,
    Err(_) => unreachable!(),
};

/// Random UUIDs of version 7.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the adapter behind the IdSource port"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Random numbers for the spread of waits.
pub(crate) fn random_source() -> RandomSource {
    Arc::new(rand::random::<u64>)
}
