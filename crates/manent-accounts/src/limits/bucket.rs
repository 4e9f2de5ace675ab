//! A token bucket: so many at once, refilled evenly.

use std::time::Duration;

use manent_types::Timestamp;

use crate::time::since;

/// How often something may be done: `count` times at once, and `count` times in each `period` in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many; 0: never.
    pub count: u32,
    /// In how long.
    pub period: Duration,
}

impl Rate {
    /// A rate.
    pub const fn new(count: u32, period: Duration) -> Self {
        Self { count, period }
    }

    /// How long one takes to come back, in microseconds.
    fn interval(self) -> u64 {
        let period = u64::try_from(self.period.as_micros()).unwrap_or(u64::MAX);
        period
            .checked_div(u64::from(self.count))
            .unwrap_or(u64::MAX)
            .max(1)
    }

    /// How long all of them take to come back, in microseconds.
    fn full(self) -> u64 {
        self.interval().saturating_mul(u64::from(self.count))
    }
}

/// What a limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitDecision {
    /// It may be done, and was counted.
    Allowed,
    /// It may not be done now; nothing was counted.
    Refused {
        /// When it is worth asking again; at least a second, for `Retry-After`.
        retry_after: Duration,
    },
}

/// A bucket. A full one is the default.
///
/// Invariant: in any span of time `t`, at most `count + t / (period / count)` are allowed, give or take one for the borders, one by one or in
/// batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// What is missing until it is full again, in microseconds of waiting, at `at`.
    missing: u64,
    at: Option<Timestamp>,
}

impl Bucket {
    /// Takes one out, if there is one.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> LimitDecision {
        self.take_many(1, rate, now)
    }

    /// Takes so many out, if there are as many. More than the rate's `count` are never there: who asks for them has to ask for fewer at once,
    /// and is told to wait for the whole period.
    pub fn take_many(&mut self, count: u32, rate: Rate, now: Timestamp) -> LimitDecision {
        self.advance(now);
        let taken = rate.interval().saturating_mul(u64::from(count));
        let after = self.missing.saturating_add(taken);
        if after <= rate.full() {
            self.missing = after;
            return LimitDecision::Allowed;
        }
        let wait = if count > rate.count {
            rate.period
        } else {
            Duration::from_micros(after - rate.full())
        };
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        LimitDecision::Refused {
            retry_after: Duration::from_secs(seconds.max(1)),
        }
    }

    /// Puts one back that turned out not to count.
    pub fn put_back(&mut self, rate: Rate) {
        self.put_back_many(1, rate);
    }

    /// Puts so many back that turned out not to count.
    pub fn put_back_many(&mut self, count: u32, rate: Rate) {
        let taken = rate.interval().saturating_mul(u64::from(count));
        self.missing = self.missing.saturating_sub(taken);
    }

    /// Whether it is full: then it need not be kept.
    pub fn is_full(&self, now: Timestamp) -> bool {
        let mut later = *self;
        later.advance(now);
        later.missing == 0
    }

    fn advance(&mut self, now: Timestamp) {
        if let Some(at) = self.at {
            let passed = u64::try_from(since(now, at).as_micros()).unwrap_or(u64::MAX);
            self.missing = self.missing.saturating_sub(passed);
            // A clock that went back must not give the same time twice.
            self.at = Some(at.max(now));
        } else {
            self.at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate::new(5, Duration::from_secs(10));

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn refused(seconds: u64) -> LimitDecision {
        LimitDecision::Refused {
            retry_after: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn allows_so_many_at_once_and_then_one_after_the_other() {
        let mut bucket = Bucket::default();
        for _ in 0..5 {
            assert_eq!(bucket.take(RATE, at(0)), LimitDecision::Allowed);
        }
        assert_eq!(bucket.take(RATE, at(0)), refused(2));
        assert_eq!(bucket.take(RATE, at(1_999)), refused(1));
        assert_eq!(bucket.take(RATE, at(2_000)), LimitDecision::Allowed);
        assert_eq!(bucket.take(RATE, at(2_000)), refused(2));
    }

    #[test]
    fn what_is_put_back_can_be_taken_again() {
        let mut bucket = Bucket::default();
        for _ in 0..100 {
            assert_eq!(bucket.take(RATE, at(0)), LimitDecision::Allowed);
            bucket.put_back(RATE);
        }
    }

    #[test]
    fn a_batch_is_allowed_whole_or_takes_nothing() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take_many(3, RATE, at(0)), LimitDecision::Allowed);
        assert_eq!(bucket.take_many(3, RATE, at(0)), refused(2));
        assert_eq!(bucket.take_many(2, RATE, at(0)), LimitDecision::Allowed);
        assert_eq!(bucket.take_many(5, RATE, at(0)), refused(10));
        assert_eq!(bucket.take_many(5, RATE, at(9_999)), refused(1));
        assert_eq!(
            bucket.take_many(5, RATE, at(10_000)),
            LimitDecision::Allowed
        );
        bucket.put_back_many(3, RATE);
        assert_eq!(
            bucket.take_many(3, RATE, at(10_000)),
            LimitDecision::Allowed
        );
    }

    #[test]
    fn a_batch_that_is_larger_than_the_rate_is_never_allowed() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take_many(6, RATE, at(0)), refused(10));
        assert_eq!(bucket.take_many(5, RATE, at(0)), LimitDecision::Allowed);
    }

    #[test]
    fn a_rate_of_zero_allows_nothing() {
        let rate = Rate::new(0, Duration::from_mins(1));
        assert_eq!(Bucket::default().take(rate, at(0)), refused(60));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_twice() {
        let mut bucket = Bucket::default();
        for _ in 0..5 {
            bucket.take(RATE, at(100_000));
        }
        for now in [0, 100_000, 50_000, 101_999] {
            assert_ne!(bucket.take(RATE, at(now)), LimitDecision::Allowed);
        }
    }

    proptest! {
        #[test]
        fn never_allows_more_than_the_rate(
            steps in prop::collection::vec((0_i64..4_000, 1_u32..=5), 1..200),
        ) {
            let mut bucket = Bucket::default();
            let mut now = 0;
            let mut allowed = Vec::new();
            for (step, count) in steps {
                now += step;
                match bucket.take_many(count, RATE, at(now)) {
                    LimitDecision::Allowed => allowed.extend((0..count).map(|_| now)),
                    LimitDecision::Refused { retry_after } => {
                        // Waiting as long as was said always helps.
                        let then = now + i64::try_from(retry_after.as_millis()).unwrap();
                        let mut later = bucket;
                        prop_assert_eq!(later.take_many(count, RATE, at(then)), LimitDecision::Allowed);
                    }
                }
            }
            for (index, first) in allowed.iter().enumerate() {
                for (count, last) in (1..).zip(&allowed[index..]) {
                    prop_assert!(count <= 5 + (last - first) / 2_000 + 1);
                }
            }
        }
    }
}
