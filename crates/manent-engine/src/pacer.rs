//! When the next request may go: back-off, breaker, the server's own wish, sign-in, and how fast to catch up after an outage.
//!
//! Invariants:
//! - an early try ("probe now") is one small request; it neither resets nor forgets the schedule, and it never undercuts what the server
//!   asked for;
//! - no wait is longer than its cap, whatever the server or a stored pace says;
//! - after an outage the requests of the catching up are spread over a time that follows from the outage's length, so that many clients that
//!   waited together do not come back together.

use rand_pcg::rand_core::Rng;

use crate::back_off::{doubled, draw, early_draw};
use crate::beat::{Beat, LONGEST_WAIT_MS};
use crate::circuit_breaker::{BreakerState, CircuitBreaker, Permit};
use crate::config::EngineConfig;
use crate::item::WaitReason;
use crate::time::Millis;

/// The second request of the catching up follows within so many beats, and within the outage's length: so it stands for the one that
/// would have left in the meantime.
const SPREAD_BEATS: Millis = 2;

/// The pauses of a long catching up become no shorter than this part of the first back-off.
const PAUSE_DIVISOR: Millis = 4;

/// What a restart must know. Times are the engine's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PaceMark {
    /// The end of the breaker's open time, and how often in a row it opened.
    pub(crate) opened: Option<(Millis, u32)>,
    /// Until when the server asked for patience.
    pub(crate) floor: Option<Millis>,
}

/// What may go now.
enum Decision {
    /// What the breaker lets through.
    Scheduled,
    /// A probe, before the schedule.
    Early,
    /// The rest of a catching up, before the schedule.
    Impatient,
    Denied {
        until: Option<Millis>,
    },
}

/// See the module. Times are the engine's own.
#[derive(Debug)]
pub(crate) struct Pacer {
    breaker: CircuitBreaker,
    backoff_ms: Millis,
    backoff_cap_ms: Millis,
    patience_cap_ms: Millis,
    open_cap_ms: Millis,
    early_probe_interval_ms: Millis,
    catch_up_spread_ms: Millis,
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
    beat: Beat,
    /// Since when nothing got through.
    away_since: Option<Millis>,
    /// While it catches up after an outage: the longest pause before the next request; else 0.
    spread: Millis,
}

impl Pacer {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            breaker: CircuitBreaker::new(config.max_retries, config.open_ms, config.open_cap_ms),
            backoff_ms: config.backoff_ms,
            backoff_cap_ms: config.backoff_cap_ms,
            patience_cap_ms: config.patience_cap_ms,
            open_cap_ms: config.open_cap_ms,
            early_probe_interval_ms: config.early_probe_interval_ms,
            catch_up_spread_ms: config.catch_up_spread_ms,
            waits: 0,
            next_at: 0,
            floor: 0,
            is_paused: false,
            wants_probe: false,
            early_after: 0,
            beat: Beat::new(),
            away_since: None,
            spread: 0,
        }
    }

    pub(crate) fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// What a restart must know.
    pub(crate) fn mark(&self, now: Millis) -> PaceMark {
        PaceMark {
            opened: self.breaker.opened(),
            floor: (self.floor > now).then_some(self.floor),
        }
    }

    /// Goes on as an earlier engine had noted; what this one knows by itself is kept where it is stricter.
    pub(crate) fn restore(&mut self, mark: PaceMark, now: Millis) {
        if let Some((until, openings)) = mark.opened {
            let longest = self.open_cap_ms.max(LONGEST_WAIT_MS);
            let until = until.min(now.saturating_add(longest));
            // One that led before may know of an earlier opening.
            let (own_until, own_openings) = self.breaker.opened().unwrap_or_default();
            if own_openings == 0 || own_until < until {
                self.breaker.reopen(until, openings.max(own_openings));
                self.waits = self.waits.max(openings);
                self.away_since.get_or_insert(now);
            }
        }
        if let Some(floor) = mark.floor {
            let longest = self
                .patience_cap_ms
                .saturating_add(self.patience_cap_ms / 2);
            let latest = now.saturating_add(longest);
            self.floor = self.floor.max(floor.min(latest));
            self.away_since.get_or_insert(now);
        }
    }

    /// Whether the server is there, and only a pause of the catching up may hold up the next request.
    pub(crate) fn is_catching_up(&self, now: Millis) -> bool {
        let is_asked_for_patience = now < self.floor;
        let is_away = self.waits > 0 || self.breaker.state() != BreakerState::Closed;
        !is_away && !is_asked_for_patience && !self.is_paused
    }

    /// Asks for an early try.
    pub(crate) fn probe_now(&mut self) {
        self.wants_probe = true;
    }

    /// Whether nothing may go now; then until when, where that is known.
    #[expect(
        clippy::option_option,
        reason = "nothing may go, and nobody knows how long"
    )]
    pub(crate) fn denied(&self, now: Millis) -> Option<Option<Millis>> {
        match self.decide(now) {
            Decision::Denied { until } => Some(until),
            Decision::Scheduled | Decision::Early | Decision::Impatient => None,
        }
    }

    fn decide(&self, now: Millis) -> Decision {
        if self.is_paused {
            return Decision::Denied { until: None };
        }
        if now < self.floor {
            let until = Some(self.floor);
            return Decision::Denied { until };
        }
        let until = match self.breaker.peek(now) {
            Permit::Normal | Permit::Probe if self.next_at <= now => return Decision::Scheduled,
            Permit::Normal | Permit::Probe => self.next_at,
            Permit::Denied { until: Some(until) } => until,
            Permit::Denied { until: None } => return Decision::Denied { until: None },
        };
        if !self.wants_probe {
            return Decision::Denied { until: Some(until) };
        }
        if now < self.early_after {
            let until = Some(until.min(self.early_after));
            return Decision::Denied { until };
        }
        if self.is_catching_up(now) {
            Decision::Impatient
        } else {
            Decision::Early
        }
    }

    /// Takes a permit for one request, which must be answered by one of the `on_` methods.
    pub(crate) fn acquire(&mut self, now: Millis) -> Permit {
        let decision = self.decide(now);
        if let Decision::Denied { until } = decision {
            return Permit::Denied { until };
        }
        self.wants_probe = false;
        if self.away_since.is_none() && self.spread == 0 {
            self.beat.on_request(now);
        }
        match decision {
            Decision::Scheduled => self.breaker.acquire(now),
            Decision::Impatient => {
                self.early_after = now.saturating_add(self.early_probe_interval_ms);
                self.breaker.acquire(now)
            }
            _ => {
                self.early_after = now.saturating_add(self.early_probe_interval_ms);
                match self.breaker.acquire_early(now) {
                    Permit::Normal | Permit::Probe => Permit::Probe,
                    denied @ Permit::Denied { .. } => denied,
                }
            }
        }
    }

    /// The server did its work.
    pub(crate) fn on_success(&mut self, now: Millis, rng: &mut impl Rng) {
        self.breaker.on_success();
        self.waits = 0;
        self.floor = 0;
        self.wants_probe = false;
        self.spread = match self.away_since.take() {
            Some(since) => {
                let away = now.saturating_sub(since);
                let beats = self.beat.mean() * SPREAD_BEATS;
                away.min(beats).min(self.catch_up_spread_ms)
            }
            None if self.spread == 0 => 0,
            None => {
                let least = (self.backoff_ms / PAUSE_DIVISOR).min(self.spread);
                (self.spread / 2).max(least)
            }
        };
        self.next_at = match self.spread {
            0 => 0,
            spread => now.saturating_add(draw(rng, spread)),
        };
    }

    /// Nothing is left to be sent: there is nothing to catch up with.
    pub(crate) fn on_drained(&mut self) {
        if self.spread > 0 {
            self.spread = 0;
            self.next_at = 0;
        }
    }

    /// The server, or the way to it, does not work, since the request that shows it began.
    pub(crate) fn on_failure(&mut self, began: Millis, now: Millis, rng: &mut impl Rng) {
        let planned = self.breaker.opened().map(|(until, _)| until);
        self.breaker.on_failure(now, rng);
        self.begin_to_wait(began);
        if planned.is_some_and(|until| now < until) {
            // An early try: the schedule stays what it was.
            self.next_at = 0;
            return;
        }
        let own = early_draw(rng, self.longest_wait(self.away(now)));
        if self.breaker.state() == BreakerState::Closed {
            let bound = doubled(self.backoff_ms, self.waits - 1, self.backoff_cap_ms);
            let wait = draw(rng, bound).max(own);
            self.next_at = self.next_at.max(now.saturating_add(wait));
        } else {
            // The open time is the schedule now.
            self.next_at = 0;
            self.breaker.postpone(now.saturating_add(own));
        }
    }

    /// The longest wait for the sake of the others that wait too, when nothing got through for so long. Who asks a server of its own has no others.
    fn longest_wait(&self, away: Millis) -> Millis {
        if self.catch_up_spread_ms == 0 {
            return 0;
        }
        self.beat.longest_wait(away)
    }

    /// For how long nothing got through.
    fn away(&self, now: Millis) -> Millis {
        now.saturating_sub(self.away_since.unwrap_or(now))
    }

    /// The server asked for patience: at least that long, and up to half as long again so that not all whom it asked come at once.
    pub(crate) fn on_back_pressure(
        &mut self,
        now: Millis,
        retry_after_ms: Option<Millis>,
        rng: &mut impl Rng,
    ) {
        self.breaker.on_abandoned();
        self.begin_to_wait(now);
        let asked = retry_after_ms.unwrap_or(0).min(self.patience_cap_ms);
        let longest = doubled(self.backoff_ms, self.waits - 1, self.backoff_cap_ms);
        let own = self.longest_wait(self.away(now).saturating_add(asked));
        let wait = early_draw(rng, longest.max(asked / 2).max(own));
        let until = now.saturating_add(asked).saturating_add(wait);
        self.floor = self.floor.max(until);
    }

    fn begin_to_wait(&mut self, since: Millis) {
        self.waits = self.waits.saturating_add(1);
        self.away_since.get_or_insert(since);
        self.beat.pause();
        self.spread = 0;
    }

    /// Nobody is signed in; the server is there.
    pub(crate) fn on_auth(&mut self, now: Millis, rng: &mut impl Rng) {
        self.on_success(now, rng);
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
            // A probe that told nothing costs a pause.
            BreakerState::Open { until } => Some(WaitReason::ServerAway {
                until: Some(until.max(self.next_at)),
            }),
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
        // Ten seconds, and three and a half of the ten that are taken for the beat.
        assert_eq!(pacer.acquire(45_000), Permit::Normal);
        assert_eq!(pacer.breaker(), BreakerState::Closed);
    }

    #[test]
    fn of_two_open_times_the_later_one_is_kept() {
        let (mut pacer, mut rng) = pacer();
        (0..3).for_each(|_| pacer.on_failure(0, 0, &mut rng));
        let mark = |until| PaceMark {
            opened: Some((until, 4)),
            floor: None,
        };
        pacer.restore(mark(30_000), 0);
        assert_eq!(pacer.breaker(), BreakerState::Open { until: 30_000 });
        pacer.restore(mark(20_000), 0);
        assert_eq!(pacer.breaker(), BreakerState::Open { until: 30_000 });
    }

    #[test]
    fn an_early_try_is_a_probe_and_at_most_one_in_its_interval() {
        let (mut pacer, mut rng) = pacer();
        for _ in 0..3 {
            pacer.on_failure(0, 0, &mut rng);
        }
        assert!(matches!(pacer.acquire(0), Permit::Denied { .. }));
        pacer.probe_now();
        assert_eq!(pacer.acquire(0), Permit::Probe);
        pacer.on_failure(0, 0, &mut rng);
        pacer.probe_now();
        assert_eq!(pacer.acquire(10), Permit::Denied { until: Some(1_000) });
        assert_eq!(pacer.acquire(1_000), Permit::Probe);
    }

    #[test]
    fn an_early_try_that_fails_puts_the_next_one_off_by_nothing() {
        for seed in 0..50 {
            let mut pacer = Pacer::new(&EngineConfig::default());
            let mut rng = Pcg32::seed_from_u64(seed);
            for now in [0, 1_000, 20_000] {
                pacer.on_failure(0, now, &mut rng);
            }
            let before = pacer.wait_reason(20_000);
            pacer.probe_now();
            assert_eq!(pacer.acquire(20_500), Permit::Probe);
            pacer.on_failure(20_500, 20_600, &mut rng);
            assert_eq!(pacer.wait_reason(20_600), before);
        }
    }

    #[test]
    fn nothing_goes_until_someone_signed_in() {
        let (mut pacer, mut rng) = pacer();
        pacer.on_auth(0, &mut rng);
        pacer.probe_now();
        assert_eq!(pacer.acquire(1_000_000), Permit::Denied { until: None });
        pacer.on_signed_in();
        assert_eq!(pacer.acquire(1_000_000), Permit::Normal);
    }

    #[test]
    fn catching_up_is_spread_over_two_beats_and_ends_with_the_queue() {
        for seed in 0..50 {
            let mut pacer = Pacer::new(&EngineConfig::default());
            let mut rng = Pcg32::seed_from_u64(seed);
            pacer.on_failure(1_000, 1_000, &mut rng);
            pacer.on_success(61_000, &mut rng);
            assert!(pacer.next_at <= 81_000);
            let later = pacer.next_at;
            pacer.on_success(later, &mut rng);
            assert!(pacer.next_at <= later + 10_000);
            pacer.on_drained();
            assert_eq!(pacer.acquire(later), Permit::Normal);
        }
    }

    #[test]
    fn no_pause_of_the_catching_up_is_longer_than_the_outage_was() {
        let (mut pacer, mut rng) = pacer();
        pacer.on_failure(0, 0, &mut rng);
        let mut spreads = Vec::new();
        for _ in 0..3 {
            pacer.on_success(200, &mut rng);
            spreads.push(pacer.spread);
        }
        assert_eq!(spreads, [200, 200, 200]);
    }

    #[test]
    fn a_short_outage_is_caught_up_with_in_a_short_time_and_the_pauses_shrink() {
        let (mut pacer, mut rng) = pacer();
        pacer.on_failure(0, 0, &mut rng);
        pacer.on_success(2_000, &mut rng);
        let mut spreads = vec![pacer.spread];
        for _ in 0..4 {
            pacer.on_success(2_000, &mut rng);
            spreads.push(pacer.spread);
        }
        assert_eq!(spreads, [2_000, 1_000, 500, 250, 250]);
    }

    #[test]
    fn whoever_sends_much_catches_up_sooner_and_tries_as_often_as_the_breaker_lets_it() {
        let mut rng = Pcg32::seed_from_u64(1);
        let mut pacer = Pacer::new(&EngineConfig::default());
        for now in (0..20_000).step_by(1_000) {
            assert_eq!(pacer.acquire(now), Permit::Normal);
            pacer.on_success(now, &mut rng);
        }
        for _ in 0..3 {
            pacer.on_failure(20_000, 30_000, &mut rng);
        }
        assert!(matches!(pacer.breaker(), BreakerState::Open { until } if until <= 35_000));
        pacer.on_success(80_000, &mut rng);
        assert!((1_900..2_100).contains(&pacer.spread), "{}", pacer.spread);
    }

    #[test]
    fn whoever_wants_it_now_need_not_wait_for_the_catching_up() {
        let mut rng = Pcg32::seed_from_u64(1);
        let mut pacer = Pacer::new(&EngineConfig::default());
        pacer.on_failure(0, 0, &mut rng);
        pacer.on_success(40_000, &mut rng);
        assert!(matches!(pacer.acquire(40_000), Permit::Denied { .. }));
        pacer.probe_now();
        assert_eq!(pacer.acquire(40_000), Permit::Normal);
    }

    #[test]
    fn a_server_that_asks_for_years_gets_the_cap() {
        let (mut pacer, mut rng) = pacer();
        pacer.on_back_pressure(0, Some(u64::MAX), &mut rng);
        assert!((3_600_000..=5_400_000).contains(&pacer.floor));
    }

    #[test]
    fn a_restored_pace_waits_as_long_as_the_caps_allow_and_then_probes() {
        let (mut pacer, _) = pacer();
        let mark = PaceMark {
            opened: Some((u64::MAX, 3)),
            floor: Some(u64::MAX),
        };
        pacer.restore(mark, 100);
        assert_eq!(pacer.floor, 5_400_100);
        assert_eq!(pacer.breaker(), BreakerState::Open { until: 210_100 });
        assert_eq!(pacer.acquire(5_400_100), Permit::Probe);
    }

    #[test]
    fn whoever_waited_for_time_outs_does_not_come_back_with_all_the_others() {
        let (mut earliest, mut latest) = (u64::MAX, 0);
        for seed in 0..50 {
            let mut pacer = Pacer::new(&EngineConfig::default());
            let mut rng = Pcg32::seed_from_u64(seed);
            pacer.on_failure(0, 30_000, &mut rng);
            earliest = earliest.min(pacer.next_at);
            latest = latest.max(pacer.next_at);
        }
        assert!(earliest < 35_000, "{earliest}");
        assert!((55_000..=65_000).contains(&latest), "{latest}");
    }

    #[test]
    fn a_hiccup_is_tried_again_at_once_however_seldom_one_sends() {
        let mut rng = Pcg32::seed_from_u64(1);
        let mut pacer = Pacer::new(&EngineConfig::default());
        for now in [0, 60_000, 120_000] {
            assert_eq!(pacer.acquire(now), Permit::Normal);
            pacer.on_success(now, &mut rng);
        }
        pacer.on_failure(180_000, 180_100, &mut rng);
        assert!(pacer.next_at <= 181_100);
        pacer.on_failure(181_100, 181_200, &mut rng);
        assert!(pacer.next_at <= 183_200);
    }
}
