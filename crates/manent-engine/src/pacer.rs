//! When the next request may go: back-off, breaker, the server's own wish, sign-in.
//!
//! Invariant: an early try ("probe now") is one small request; it neither resets nor forgets the schedule, and it never undercuts what the
//! server asked for.

use rand_pcg::rand_core::Rng;

use crate::back_off::{draw, full_jitter};
use crate::circuit_breaker::{BreakerState, CircuitBreaker, Permit};
use crate::config::EngineConfig;
use crate::item::WaitReason;
use crate::time::Millis;

/// See the module. Times are the engine's own.
#[derive(Debug)]
pub(crate) struct Pacer {
    breaker: CircuitBreaker,
    backoff_ms: Millis,
    backoff_cap_ms: Millis,
    early_probe_interval_ms: Millis,
    /// Waits in a row, of whatever reason; grows the back-off.
    waits: u32,
    /// The schedule.
    next_at: Millis,
    /// What the server asked for.
    floor: Millis,
    is_paused: bool,
    wants_probe: bool,
    /// The next early try may not go before this.
    early_after: Millis,
}

impl Pacer {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            breaker: CircuitBreaker::new(config.max_retries, config.open_ms, config.open_cap_ms),
            backoff_ms: config.backoff_ms,
            backoff_cap_ms: config.backoff_cap_ms,
            early_probe_interval_ms: config.early_probe_interval_ms,
            waits: 0,
            next_at: 0,
            floor: 0,
            is_paused: false,
            wants_probe: false,
            early_after: 0,
        }
    }

    pub(crate) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Asks for an early try.
    pub(crate) fn probe_now(&mut self) {
        self.wants_probe = true;
    }

    /// Takes a permit for one request, which must be answered by one of the `on_` methods.
    pub(crate) fn acquire(&mut self, now: Millis) -> Permit {
        if self.is_paused {
            return Permit::Denied { until: None };
        }
        if now < self.floor {
            return Permit::Denied {
                until: Some(self.floor),
            };
        }
        let scheduled = match self.breaker.peek(now) {
            Permit::Normal | Permit::Probe if now < self.next_at => Permit::Denied {
                until: Some(self.next_at),
            },
            permit => permit,
        };
        match scheduled {
            Permit::Normal | Permit::Probe => {
                self.wants_probe = false;
                self.breaker.acquire(now)
            }
            Permit::Denied { until: Some(until) } if self.wants_probe => {
                if now < self.early_after {
                    return Permit::Denied {
                        until: Some(until.min(self.early_after)),
                    };
                }
                self.wants_probe = false;
                self.early_after = now.saturating_add(self.early_probe_interval_ms);
                match self.breaker.acquire_early(now) {
                    Permit::Normal | Permit::Probe => Permit::Probe,
                    denied @ Permit::Denied { .. } => denied,
                }
            }
            denied @ Permit::Denied { .. } => denied,
        }
    }

    /// The server did its work.
    pub(crate) fn on_success(&mut self) {
        self.breaker.on_success();
        self.waits = 0;
        self.next_at = 0;
        self.floor = 0;
        self.wants_probe = false;
    }

    /// The server, or the way to it, does not work.
    pub(crate) fn on_failure(&mut self, now: Millis, rng: &mut impl Rng) {
        self.breaker.on_failure(now, rng);
        self.waits = self.waits.saturating_add(1);
        if self.breaker.state() == BreakerState::Closed {
            let wait = full_jitter(rng, self.waits, self.backoff_ms, self.backoff_cap_ms);
            self.next_at = self.next_at.max(now.saturating_add(wait));
        } else {
            // The open time is the schedule now.
            self.next_at = 0;
        }
    }

    /// The server asked for patience: at least that long, and some jitter so that not all come at once.
    pub(crate) fn on_back_pressure(
        &mut self,
        now: Millis,
        retry_after_ms: Option<Millis>,
        rng: &mut impl Rng,
    ) {
        self.breaker.on_abandoned();
        self.waits = self.waits.saturating_add(1);
        let wait = full_jitter(rng, self.waits, self.backoff_ms, self.backoff_cap_ms);
        let asked = now.saturating_add(retry_after_ms.unwrap_or(0));
        self.floor = self.floor.max(asked.saturating_add(wait));
    }

    /// Nobody is signed in; the server is there.
    pub(crate) fn on_auth(&mut self) {
        self.on_success();
        self.is_paused = true;
    }

    /// Someone signed in.
    pub(crate) fn on_signed_in(&mut self) {
        self.is_paused = false;
    }

    /// The request ended without telling anything.
    pub(crate) fn on_abandoned(&mut self, now: Millis, rng: &mut impl Rng) {
        self.breaker.on_abandoned();
        let wait = draw(rng, self.backoff_ms);
        self.next_at = self.next_at.max(now.saturating_add(wait));
    }

    /// Why nothing is sent now, were there something to send; times are the engine's own.
    pub(crate) fn wait_reason(&self, now: Millis) -> Option<WaitReason> {
        if self.is_paused {
            return Some(WaitReason::SignIn);
        }
        if now < self.floor {
            return Some(WaitReason::BackPressure { until: self.floor });
        }
        match self.breaker.state() {
            BreakerState::Open { until } => Some(WaitReason::ServerAway { until: Some(until) }),
            BreakerState::HalfOpen => Some(WaitReason::ServerAway { until: None }),
            BreakerState::Closed if now < self.next_at => {
                Some(WaitReason::Retry { at: self.next_at })
            }
            BreakerState::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg32;
    use rand_pcg::rand_core::SeedableRng;

    use super::*;

    fn pacer() -> (Pacer, Pcg32) {
        (
            Pacer::new(&EngineConfig::default()),
            Pcg32::seed_from_u64(5),
        )
    }

    #[test]
    fn retry_after_is_a_lower_bound_that_no_early_try_undercuts() {
        let (mut pacer, mut rng) = pacer();
        assert_eq!(pacer.acquire(0), Permit::Normal);
        pacer.on_back_pressure(0, Some(10_000), &mut rng);
        pacer.probe_now();
        assert!(
            matches!(pacer.acquire(9_999), Permit::Denied { until: Some(until) } if until >= 10_000)
        );
        assert_eq!(pacer.acquire(11_001), Permit::Normal);
        assert_eq!(pacer.breaker(), BreakerState::Closed);
    }

    #[test]
    fn an_early_try_is_a_probe_and_at_most_one_in_its_interval() {
        let (mut pacer, mut rng) = pacer();
        for _ in 0..3 {
            pacer.on_failure(0, &mut rng);
        }
        assert!(matches!(pacer.acquire(0), Permit::Denied { .. }));
        pacer.probe_now();
        assert_eq!(pacer.acquire(0), Permit::Probe);
        pacer.on_failure(0, &mut rng);
        pacer.probe_now();
        assert_eq!(pacer.acquire(10), Permit::Denied { until: Some(1_000) });
        assert_eq!(pacer.acquire(1_000), Permit::Probe);
    }

    #[test]
    fn nothing_goes_until_someone_signed_in() {
        let (mut pacer, _) = pacer();
        pacer.on_auth();
        pacer.probe_now();
        assert_eq!(pacer.acquire(1_000_000), Permit::Denied { until: None });
        pacer.on_signed_in();
        assert_eq!(pacer.acquire(1_000_000), Permit::Normal);
    }
}
