//! The circuit breaker for use by itself: anything that is called over a network can have one.

use manent_engine::{BreakerState, CircuitBreaker, Millis, Permit};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;
use serde::Serialize;

use crate::wire::{WireBreaker, WireError, whole};

/// What may go now.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "permit", rename_all = "camelCase")]
enum WirePermit {
    Normal,
    Probe,
    Denied {
        /// When to ask again; absent while a probe is under way.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
    },
}

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
        let permit = match permit {
            Permit::Normal => WirePermit::Normal,
            Permit::Probe => WirePermit::Probe,
            Permit::Denied { until } => WirePermit::Denied { until },
        };
        Ok(serde_json::to_string(&permit)?)
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

    pub(crate) fn state(&self) -> Result<String, WireError> {
        let state = self.breaker.state();
        let until = match state {
            BreakerState::Open { until } => Some(until),
            BreakerState::Closed | BreakerState::HalfOpen => None,
        };
        let state = WireBreakerState {
            state: state.into(),
            until,
        };
        Ok(serde_json::to_string(&state)?)
    }
}

#[derive(Serialize)]
struct WireBreakerState {
    state: WireBreaker,
    /// When the next attempt may go, while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Millis>,
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
        assert!(
            breaker
                .state()
                .unwrap()
                .starts_with(r#"{"state":"open","until":"#)
        );
        assert_eq!(breaker.acquire(0.0, true).unwrap(), r#"{"permit":"probe"}"#);
        assert_eq!(
            breaker.acquire(9_000.0, false).unwrap(),
            r#"{"permit":"denied"}"#
        );
        breaker.succeeded();
        assert_eq!(breaker.state().unwrap(), r#"{"state":"closed"}"#);
        assert!(breaker.failed(f64::INFINITY).is_err());
    }
}
