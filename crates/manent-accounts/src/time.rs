//! Sums and differences of times that cannot overflow.

use std::time::Duration;

use manent_types::Timestamp;

/// The latest time there is.
const LATEST: i64 = 253_402_214_400_000;

/// So much later; at most the end of the year 9999.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(LATEST);
    let sum = time.as_millisecond().saturating_add(by).min(LATEST);
    Timestamp::from_millisecond(sum).unwrap_or(time)
}

/// So much earlier; at the earliest 1970.
pub(crate) fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(LATEST);
    let difference = time.as_millisecond().saturating_sub(by).max(0);
    Timestamp::from_millisecond(difference).unwrap_or(time)
}

/// How much later `now` is than `then`; nothing when a clock went back.
pub(crate) fn since(now: Timestamp, then: Timestamp) -> Duration {
    let milliseconds = now.as_millisecond().saturating_sub(then.as_millisecond());
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn sums_end_with_the_last_time_there_is() {
        assert_eq!(later(at(5), Duration::from_millis(7)), at(12));
        assert_eq!(later(at(LATEST), Duration::from_secs(1)), at(LATEST));
        assert_eq!(later(at(0), Duration::MAX), at(LATEST));
    }

    #[test]
    fn differences_end_with_the_first_time_there_is() {
        assert_eq!(earlier(at(12), Duration::from_millis(7)), at(5));
        assert_eq!(earlier(at(12), Duration::MAX), at(0));
    }

    #[test]
    fn a_clock_that_went_back_counts_as_no_time() {
        assert_eq!(since(at(9), at(4)), Duration::from_millis(5));
        assert_eq!(since(at(4), at(9)), Duration::ZERO);
    }
}
