//! The circuit breaker: closed, open, half-open with exactly one probe.
//!
//! Invariants:
//! - half-open lets one attempt through and no other before that one's result is told;
//! - each failed probe opens it again for longer, up to a cap, with jitter, so that many clients do not come back together;
//! - it pauses work and never refuses it.
//!
//! It knows no clock and no work; the server's journal and the page use the same one, each with its own.

use rand_pcg::rand_core::Rng;

use crate::back_off::{doubled, draw};
use crate::time::Millis;

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Anything.
    Normal,
    /// One attempt, as small as possible.
    Probe,
    /// Nothing before this time.
    Denied {
        /// When to ask again; absent while the outcome of a probe is awaited.
        until: Option<Millis>,
    },
}

/// Where the breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Work flows.
    Closed,
    /// Work waits.
    Open {
        /// Until then.
        until: Millis,
    },
    /// One probe is allowed, or under way.
    HalfOpen,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: Millis },
    HalfOpen { is_probing: bool },
}

/// See the module.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    threshold: u32,
    open_ms: Millis,
    open_cap_ms: Millis,
    state: State,
    failures: u32,
    openings: u32,
    /// The end of the last open time.
    open_until: Millis,
}

impl CircuitBreaker {
    /// Opens after `threshold` failures in a row, for `open_ms` at first and `open_cap_ms` at most (before jitter, which takes up to half).
    pub fn new(threshold: u32, open_ms: Millis, open_cap_ms: Millis) -> Self {
        Self {
            threshold: threshold.max(1),
            open_ms: open_ms.max(2),
            open_cap_ms: open_cap_ms.max(open_ms).max(2),
            state: State::Closed,
            failures: 0,
            openings: 0,
            open_until: 0,
        }
    }

    /// Goes on where another one stood: opened so many times in a row, now until then. The first attempt afterwards is a probe.
    pub fn reopen(&mut self, until: Millis, openings: u32) {
        self.failures = self.threshold;
        self.openings = openings.max(1);
        self.open_until = until;
        self.state = State::Open { until };
    }

    /// While it is not closed: the end of the last open time, and how often in a row it opened. What [`Self::reopen`] takes.
    pub fn opened(&self) -> Option<(Millis, u32)> {
        let is_closed = matches!(self.state, State::Closed);
        (!is_closed).then_some((self.open_until, self.openings))
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } => BreakerState::Open { until },
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// What may go now; changes nothing.
    pub fn peek(&self, now: Millis) -> Permit {
        match self.state {
            State::Closed => Permit::Normal,
            State::Open { until } if now < until => Permit::Denied { until: Some(until) },
            State::Open { .. } | State::HalfOpen { is_probing: false } => Permit::Probe,
            State::HalfOpen { is_probing: true } => Permit::Denied { until: None },
        }
    }

    /// Takes a permit; a probe must be answered by [`Self::on_success`], [`Self::on_failure`] or [`Self::on_abandoned`].
    pub fn acquire(&mut self, now: Millis) -> Permit {
        let permit = self.peek(now);
        if permit == Permit::Probe {
            self.state = State::HalfOpen { is_probing: true };
        }
        permit
    }

    /// Takes a probe before the open time is over. When it fails before that, the schedule stays what it was.
    pub fn acquire_early(&mut self, now: Millis) -> Permit {
        if matches!(self.state, State::Open { .. }) {
            self.state = State::HalfOpen { is_probing: true };
            return Permit::Probe;
        }
        self.acquire(now)
    }

    /// The other side works.
    pub fn on_success(&mut self) {
        self.state = State::Closed;
        self.failures = 0;
        self.openings = 0;
        // What an early probe cut short is over.
        self.open_until = 0;
    }

    /// The other side does not work.
    pub fn on_failure(&mut self, now: Millis, rng: &mut impl Rng) {
        self.failures = self.failures.saturating_add(1);
        let is_probe = matches!(self.state, State::HalfOpen { .. });
        if is_probe || (matches!(self.state, State::Closed) && self.failures >= self.threshold) {
            if is_probe && now < self.open_until {
                // Somebody asked before the time: that costs nobody the next try.
                self.state = State::Open {
                    until: self.open_until,
                };
                return;
            }
            let longest = doubled(self.open_ms, self.openings, self.open_cap_ms);
            let open_for = longest - draw(rng, longest / 2);
            self.openings = self.openings.saturating_add(1);
            self.open_until = now.saturating_add(open_for);
            self.state = State::Open {
                until: self.open_until,
            };
        }
    }

    /// While it is open: stays open until then, when that is later.
    pub fn postpone(&mut self, until: Millis) {
        if let State::Open { until: open_until } = &mut self.state {
            *open_until = until.max(*open_until);
            self.open_until = *open_until;
        }
    }

    /// The attempt told nothing about the other side: a probe may be tried again, an early one not before its time.
    pub fn on_abandoned(&mut self) {
        if matches!(self.state, State::HalfOpen { .. }) {
            self.state = State::Open {
                until: self.open_until,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg32;
    use rand_pcg::rand_core::SeedableRng;

    use super::*;

    fn opened(rng: &mut Pcg32) -> (CircuitBreaker, Millis) {
        let mut breaker = CircuitBreaker::new(3, 5_000, 60_000);
        for _ in 0..3 {
            assert_eq!(breaker.acquire(0), Permit::Normal);
            breaker.on_failure(0, rng);
        }
        let BreakerState::Open { until } = breaker.state() else {
            panic!("not open");
        };
        (breaker, until)
    }

    #[test]
    fn opens_after_the_threshold_and_lets_exactly_one_probe_through() {
        let rng = &mut Pcg32::seed_from_u64(1);
        let (mut breaker, until) = opened(rng);
        assert!((2_500..=5_000).contains(&until));
        assert_eq!(
            breaker.acquire(until - 1),
            Permit::Denied { until: Some(until) }
        );
        assert_eq!(breaker.acquire(until), Permit::Probe);
        assert_eq!(breaker.acquire(until), Permit::Denied { until: None });
        breaker.on_success();
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert_eq!(breaker.failures(), 0);
    }

    #[test]
    fn stays_open_longer_after_each_failed_probe_up_to_the_cap() {
        let rng = &mut Pcg32::seed_from_u64(2);
        let (mut breaker, mut now) = opened(rng);
        for doublings in 1..10 {
            assert_eq!(breaker.acquire(now), Permit::Probe);
            breaker.on_failure(now, rng);
            let BreakerState::Open { until } = breaker.state() else {
                panic!("not open");
            };
            let longest = doubled(5_000, doublings, 60_000);
            assert!(
                (longest / 2..=longest).contains(&(until - now)),
                "{doublings}"
            );
            now = until;
        }
    }

    #[test]
    fn an_early_probe_is_still_the_only_one_and_leaves_the_schedule_when_it_fails() {
        let rng = &mut Pcg32::seed_from_u64(3);
        let (mut breaker, until) = opened(rng);
        for now in 1..50 {
            assert_eq!(breaker.acquire_early(now), Permit::Probe);
            assert_eq!(breaker.acquire_early(now), Permit::Denied { until: None });
            breaker.on_failure(now, rng);
            assert_eq!(breaker.opened(), Some((until, 1)));
        }
    }

    #[test]
    fn an_early_probe_that_fails_after_the_time_counts_as_the_one_of_that_time() {
        let rng = &mut Pcg32::seed_from_u64(4);
        let (mut breaker, until) = opened(rng);
        assert_eq!(breaker.acquire_early(until - 1), Permit::Probe);
        breaker.on_failure(until, rng);
        assert!(matches!(breaker.opened(), Some((next, 2)) if next >= until + 5_000));
    }

    #[test]
    fn an_outage_that_an_early_probe_ended_makes_no_later_one_longer() {
        let rng = &mut Pcg32::seed_from_u64(8);
        let (mut breaker, _) = opened(rng);
        breaker.postpone(60_000);
        assert_eq!(breaker.acquire_early(10), Permit::Probe);
        breaker.on_success();
        (0..3).for_each(|_| breaker.on_failure(20, rng));
        let BreakerState::Open { until } = breaker.state() else {
            panic!("not open");
        };
        assert!(until <= 5_020, "{until}");
    }

    #[test]
    fn an_early_probe_that_told_nothing_leaves_the_schedule_as_it_was() {
        let rng = &mut Pcg32::seed_from_u64(6);
        let (mut breaker, until) = opened(rng);
        assert_eq!(breaker.acquire_early(1), Permit::Probe);
        breaker.on_abandoned();
        assert_eq!(breaker.acquire(2), Permit::Denied { until: Some(until) });
        assert_eq!(breaker.acquire(until), Permit::Probe);
    }

    #[test]
    fn one_that_is_made_anew_goes_on_where_the_other_stood() {
        let rng = &mut Pcg32::seed_from_u64(5);
        let (mut breaker, until) = opened(rng);
        assert_eq!(breaker.opened(), Some((until, 1)));
        assert_eq!(breaker.acquire(until), Permit::Probe);
        assert_eq!(breaker.opened(), Some((until, 1)));
        let mut again = CircuitBreaker::new(3, 5_000, 60_000);
        assert_eq!(again.opened(), None);
        again.reopen(until, 1);
        assert_eq!(
            again.acquire(until - 1),
            Permit::Denied { until: Some(until) }
        );
        assert_eq!(again.acquire(until), Permit::Probe);
        again.on_failure(until, rng);
        assert!(matches!(again.opened(), Some((next, 2)) if next >= until + 5_000));
    }

    #[test]
    fn an_open_one_can_be_postponed_and_never_hastened() {
        let rng = &mut Pcg32::seed_from_u64(5);
        let (mut breaker, until) = opened(rng);
        breaker.postpone(until - 1);
        assert_eq!(breaker.state(), BreakerState::Open { until });
        breaker.postpone(90_000);
        assert_eq!(breaker.state(), BreakerState::Open { until: 90_000 });
        assert_eq!(breaker.opened(), Some((90_000, 1)));
        breaker.on_success();
        breaker.postpone(200_000);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn an_abandoned_probe_may_be_tried_again() {
        let rng = &mut Pcg32::seed_from_u64(4);
        let (mut breaker, until) = opened(rng);
        assert_eq!(breaker.acquire(until), Permit::Probe);
        breaker.on_abandoned();
        assert_eq!(breaker.acquire(until), Permit::Probe);
    }
}
