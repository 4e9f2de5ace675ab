//! When the next answer may be asked for: back-off, breaker, the server's own wish, sign-in.
//!
//! Unlike the outbox, several requests may be under way at once. So each start belongs to an *era*: a failure or a success ends it, and
//! failures of an ended era are not counted again. Starts that were under way together count as one try, and only the probe's own failure
//! keeps the breaker open.
//!
//! Invariant: an early try is one start; it neither resets nor forgets the schedule, and never undercuts what the server asked for.

use rand_pcg::rand_core::Rng;

use super::config::AnswersConfig;
use super::port::AnswerWait;
use crate::back_off::{doubled, early_draw, full_jitter};
use crate::beat::Beat;
use crate::circuit_breaker::{BreakerState, CircuitBreaker, Permit};
use crate::time::Millis;

/// Under which circumstances a start went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    era: u64,
    is_probe: bool,
    began: Millis,
}

/// See the module. Times are the machine's own.
#[derive(Debug)]
pub(super) struct Pace {
    breaker: CircuitBreaker,
    backoff_ms: Millis,
    backoff_cap_ms: Millis,
    patience_cap_ms: Millis,
    early_probe_interval_ms: Millis,
    era: u64,
    /// Waits in a row, of whatever reason; grows the back-off.
    waits: u32,
    /// The schedule.
    next_at: Millis,
    /// What the server asked for.
    floor: Millis,
    is_paused: bool,
    wants_early: bool,
    /// The next early try may not go before this.
    early_after: Millis,
    beat: Beat,
    /// Since when nothing got through.
    away_since: Option<Millis>,
}

impl Pace {
    pub(super) fn new(config: &AnswersConfig) -> Self {
        Self {
            breaker: CircuitBreaker::new(config.max_retries, config.open_ms, config.open_cap_ms),
            backoff_ms: config.backoff_ms,
            backoff_cap_ms: config.backoff_cap_ms,
            patience_cap_ms: config.patience_cap_ms,
            early_probe_interval_ms: config.early_probe_interval_ms,
            era: 0,
            waits: 0,
            next_at: 0,
            floor: 0,
            is_paused: false,
            wants_early: false,
            early_after: 0,
            beat: Beat::new(),
            away_since: None,
        }
    }

    pub(super) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Asks for an early try.
    pub(super) const fn probe_now(&mut self) {
        self.wants_early = true;
    }

    /// Whether an early try is asked for and may go now, as far as early tries are concerned.
    pub(super) const fn is_early_due(&self, now: Millis) -> bool {
        self.wants_early && now >= self.early_after
    }

    /// When the early try that is asked for may go.
    pub(super) fn early_at(&self) -> Option<Millis> {
        self.wants_early.then_some(self.early_after)
    }

    /// Takes a pass for one start, which is answered by one of the `on_` methods; or tells when to ask again.
    pub(super) fn acquire(&mut self, now: Millis) -> Result<Pass, Option<Millis>> {
        if self.is_paused {
            return Err(None);
        }
        if now < self.floor {
            return Err(Some(self.floor));
        }
        let permit = match self.breaker.peek(now) {
            Permit::Normal | Permit::Probe if now < self.next_at => Permit::Denied {
                until: Some(self.next_at),
            },
            permit => permit,
        };
        let permit = match permit {
            Permit::Normal | Permit::Probe => self.breaker.acquire(now),
            Permit::Denied { until: Some(_) } if self.is_early_due(now) => {
                self.breaker.acquire_early(now)
            }
            Permit::Denied { until: Some(until) } if self.wants_early => {
                return Err(Some(until.min(self.early_after)));
            }
            denied @ Permit::Denied { .. } => denied,
        };
        match permit {
            Permit::Denied { until } => Err(until),
            Permit::Normal => Ok(self.pass(now, false)),
            // A failure opened the breaker and began an era: the probe is its only start.
            Permit::Probe => Ok(self.pass(now, true)),
        }
    }

    fn pass(&mut self, now: Millis, is_probe: bool) -> Pass {
        if std::mem::take(&mut self.wants_early) {
            self.early_after = now.saturating_add(self.early_probe_interval_ms);
        }
        if self.away_since.is_none() {
            self.beat.on_request(now);
        }
        Pass {
            era: self.era,
            is_probe,
            began: now,
        }
    }

    /// The server answered. Where that is news, tells over how long those spread that waited for it. What it asked for before stays: another
    /// start may have been told so.
    pub(super) fn on_success(&mut self, now: Millis) -> Option<Millis> {
        let is_recovery = self.waits > 0 || self.breaker.state() != BreakerState::Closed;
        let away = self
            .away_since
            .take()
            .map_or(0, |since| now.saturating_sub(since));
        self.breaker.on_success();
        self.era += 1;
        self.waits = 0;
        self.next_at = 0;
        self.wants_early = false;
        is_recovery.then(|| self.beat.longest_wait(away))
    }

    /// The server, or the way to it, does not work. Tells whether that counted.
    pub(super) fn on_failure(&mut self, pass: Pass, now: Millis, rng: &mut impl Rng) -> bool {
        if pass.era != self.era {
            return false;
        }
        self.era += 1;
        self.breaker.on_failure(now, rng);
        self.begin_to_wait(pass.began);
        let own = self.beat.wait(self.away(now), rng);
        if self.breaker.state() == BreakerState::Closed {
            let wait = full_jitter(rng, self.waits, self.backoff_ms, self.backoff_cap_ms);
            self.next_at = self.next_at.max(now.saturating_add(wait.max(own)));
        } else {
            // The open time is the schedule now.
            self.next_at = 0;
            self.breaker.postpone(now.saturating_add(own));
        }
        true
    }

    /// The server asked for patience: at least that long, and up to half of it more. Whoever is told the same time shall not come back at the same
    /// time.
    pub(super) fn on_back_pressure(
        &mut self,
        pass: Option<Pass>,
        now: Millis,
        retry_after_ms: Option<Millis>,
        rng: &mut impl Rng,
    ) {
        self.abandon(pass);
        self.begin_to_wait(now);
        let asked = retry_after_ms.unwrap_or(0).min(self.patience_cap_ms);
        let back_off = doubled(self.backoff_ms, self.waits - 1, self.backoff_cap_ms);
        let own = self.beat.longest_wait(self.away(now).saturating_add(asked));
        let wait = asked.saturating_add(early_draw(rng, back_off.max(asked / 2).max(own)));
        self.floor = self.floor.max(now.saturating_add(wait));
    }

    fn begin_to_wait(&mut self, since: Millis) {
        self.waits = self.waits.saturating_add(1);
        self.away_since.get_or_insert(since);
        self.beat.pause();
    }

    /// For how long nothing got through.
    fn away(&self, now: Millis) -> Millis {
        now.saturating_sub(self.away_since.unwrap_or(now))
    }

    /// Nobody is signed in; the server is there.
    pub(super) fn on_auth(&mut self, now: Millis) {
        self.on_success(now);
        self.is_paused = true;
    }

    pub(super) const fn on_signed_in(&mut self) {
        self.is_paused = false;
    }

    /// The start ended without telling anything: where it was the probe, another one may go.
    pub(super) fn abandon(&mut self, pass: Option<Pass>) {
        if pass.is_some_and(|pass| pass.is_probe && pass.era == self.era) {
            self.breaker.on_abandoned();
        }
    }

    /// Why nothing is started now; times are the machine's own.
    pub(super) fn wait(&self, now: Millis) -> Option<AnswerWait> {
        if self.is_paused {
            return Some(AnswerWait::SignIn);
        }
        if now < self.floor {
            return Some(AnswerWait::BackPressure { until: self.floor });
        }
        match self.breaker.state() {
            BreakerState::Open { until } => Some(AnswerWait::ServerAway { until: Some(until) }),
            BreakerState::HalfOpen => Some(AnswerWait::ServerAway { until: None }),
            BreakerState::Closed if now < self.next_at => {
                Some(AnswerWait::Retry { at: self.next_at })
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

    fn pace() -> (Pace, Pcg32) {
        let config = AnswersConfig::new("tab".parse().unwrap());
        (Pace::new(&config), Pcg32::seed_from_u64(5))
    }

    #[test]
    fn starts_that_fail_together_count_as_one_try() {
        let (mut pace, mut rng) = pace();
        let together = [pace.acquire(0), pace.acquire(0), pace.acquire(0)];
        for pass in together {
            pace.on_failure(pass.unwrap(), 0, &mut rng);
        }
        assert_eq!(pace.breaker(), BreakerState::Closed);
        for now in [40_000, 80_000] {
            let pass = pace.acquire(now).unwrap();
            pace.on_failure(pass, now, &mut rng);
        }
        assert!(matches!(pace.breaker(), BreakerState::Open { .. }));
    }

    #[test]
    fn late_words_of_an_earlier_start_neither_end_nor_double_the_probe() {
        let (mut pace, mut rng) = pace();
        let early = pace.acquire(0).unwrap();
        for now in [0, 40_000, 80_000] {
            let pass = pace.acquire(now).unwrap();
            pace.on_failure(pass, now, &mut rng);
        }
        let now = 120_000;
        let probe = pace.acquire(now).unwrap();
        assert!(probe.is_probe);
        pace.on_failure(early, now, &mut rng);
        pace.abandon(Some(early));
        assert_eq!(pace.breaker(), BreakerState::HalfOpen);
        assert_eq!(pace.acquire(now), Err(None));
        pace.on_failure(probe, now, &mut rng);
        assert!(matches!(pace.breaker(), BreakerState::Open { .. }));
    }

    #[test]
    fn retry_after_is_a_lower_bound_that_no_early_try_undercuts() {
        let (mut pace, mut rng) = pace();
        let pass = pace.acquire(0).unwrap();
        pace.on_back_pressure(Some(pass), 0, Some(10_000), &mut rng);
        pace.probe_now();
        assert!(matches!(pace.acquire(9_999), Err(Some(until)) if until >= 10_000));
        // Ten seconds, and three and a half of the ten that are taken for the beat.
        assert!(pace.acquire(45_001).is_ok());
        assert_eq!(pace.breaker(), BreakerState::Closed);
    }

    #[test]
    fn those_who_are_asked_for_the_same_patience_come_back_at_different_times() {
        let mut back: Vec<Millis> = (0..50)
            .map(|seed| {
                let (mut pace, _) = pace();
                let mut rng = Pcg32::seed_from_u64(seed);
                pace.on_back_pressure(None, 0, Some(60_000), &mut rng);
                pace.acquire(0).unwrap_err().unwrap()
            })
            .collect();
        back.sort_unstable();
        assert!(back[0] >= 60_000 && back[49] <= 95_000);
        assert!(back[40] - back[10] >= 8_000, "{back:?}");
    }

    #[test]
    fn a_server_cannot_ask_for_patience_for_ever() {
        let (mut pace, mut rng) = pace();
        let pass = pace.acquire(0).unwrap();
        pace.on_back_pressure(Some(pass), 0, Some(u64::MAX), &mut rng);
        assert!(matches!(pace.acquire(0), Err(Some(until)) if until <= 5_400_000));
    }

    #[test]
    fn nothing_goes_until_someone_signed_in() {
        let (mut pace, _) = pace();
        pace.on_auth(0);
        pace.probe_now();
        assert_eq!(pace.acquire(1_000_000), Err(None));
        pace.on_signed_in();
        assert!(pace.acquire(1_000_000).is_ok());
    }
}
