//! The circuit breaker for use by itself: anything that is called over a network can have one.

use manent_engine::{BreakerState, CircuitBreaker, Permit};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;

use crate::wire::json::{Field, Held};
use crate::wire::{WireError, breaker_name, whole};

/// A breaker and its randomness.
pub(crate) struct JsonBreaker {
    breaker: CircuitBreaker,
    rng: Pcg32,
}

impl JsonBreaker {
    pub(crate) fn new(
        threshold: u32,
        open_ms: f64,
        open_cap_ms: f64,
        seed: f64,
    ) -> Result<Self, WireError> {
        Ok(Self {
            breaker: CircuitBreaker::new(threshold, whole(open_ms)?, whole(open_cap_ms)?),
            rng: Pcg32::seed_from_u64(whole(seed)?),
        })
    }

    /// Takes a permit; before its time when `is_early`.
    pub(crate) fn acquire(&mut self, now: f64, is_early: bool) -> Result<String, WireError> {
        let now = whole(now)?;
        let permit = if is_early {
            self.breaker.acquire_early(now)
        } else {
            self.breaker.acquire(now)
        };
        let (name, until) = match permit {
            Permit::Normal => ("normal", None),
            Permit::Probe => ("probe", None),
            Permit::Denied { until } => ("denied", until),
        };
        let until = Field("until", until.map(Held::Number));
        Ok(format!(r#"{{"permit":"{name}"{until}}}"#))
    }

    pub(crate) fn succeeded(&mut self) {
        self.breaker.on_success();
    }

    pub(crate) fn failed(&mut self, now: f64) -> Result<(), WireError> {
        self.breaker.on_failure(whole(now)?, &mut self.rng);
        Ok(())
    }

    pub(crate) fn abandoned(&mut self) {
        self.breaker.on_abandoned();
    }

    pub(crate) fn state(&self) -> String {
        let state = self.breaker.state();
        let until = match state {
            BreakerState::Open { until } => Some(Held::Number(until)),
            BreakerState::Closed | BreakerState::HalfOpen => None,
        };
        format!(
            r#"{{"state":"{}"{}}}"#,
            breaker_name(state),
            Field("until", until)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_lets_one_probe_through_and_closes() {
        let mut breaker = JsonBreaker::new(1, 1_000.0, 8_000.0, 1.0).unwrap();
        assert_eq!(
            breaker.acquire(0.0, false).unwrap(),
            r#"{"permit":"normal"}"#
        );
        breaker.failed(0.0).unwrap();
        assert!(breaker.state().starts_with(r#"{"state":"open","until":"#));
        assert_eq!(breaker.acquire(0.0, true).unwrap(), r#"{"permit":"probe"}"#);
        assert_eq!(
            breaker.acquire(9_000.0, false).unwrap(),
            r#"{"permit":"denied"}"#
        );
        breaker.succeeded();
        assert_eq!(breaker.state(), r#"{"state":"closed"}"#);
        assert!(breaker.failed(f64::INFINITY).is_err());
    }
}
