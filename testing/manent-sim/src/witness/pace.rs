//! When an engine asks, and for how long it says that it waits.
//!
//! Lower bounds: nothing goes before the time that was told, but for one early try when somebody asked for it. Upper bounds: no wait is longer
//! than its cap, which follows from the failures in a row, what the server asked for, and the longest time between two requests so far.
//! And where nothing holds it up, it works.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Batch, EngineConfig, Failure, Fate, Input, WaitReason};

use super::{Surroundings, Watched, Witness, disobeyed};
use crate::violation::Violation;

/// A hiccup costs nothing of the beat.
const HICCUP_MS: u64 = 5_000;
/// A beat is taken for this long until it is known.
const UNKNOWN_BEAT_MS: u64 = 10_000;
/// And never for longer than this.
const LONGEST_BEAT_MS: u64 = 60_000;

/// See the module. Times are true ones.
#[derive(Debug)]
pub(super) struct Waits {
    config: EngineConfig,
    /// Waits in a row, of whatever reason.
    in_a_row: u32,
    /// Failures in a row that count for the breaker.
    failures: u32,
    away_since: Option<u64>,
    last_sent: Option<u64>,
    /// The longest time between two requests.
    longest_gap: u64,
    /// The longest pause of the catching up.
    catch_up: u64,
    /// No retry, no patience and no open time is told beyond these.
    latest: Latest,
    /// The clock jumped, or an earlier engine had noted something: only the caps hold.
    is_lenient: bool,
    /// What was told when the step began, and whether the input may change it.
    told: Option<WaitReason>,
    may_change: bool,
    is_probe_asked: bool,
    last_early: Option<u64>,
    /// The last request that may have been an early try.
    last_asked: Option<u64>,
    /// The last failure was a quick one, and this is the longest wait that may follow it.
    drawn_from: Option<u64>,
    drawn: (usize, u64),
}

#[derive(Debug, Clone, Copy, Default)]
struct Latest {
    retry: u64,
    patience: u64,
    open: u64,
}

fn doubled(base: u64, doublings: u32, cap: u64) -> u64 {
    (0..doublings)
        .fold(base, |wait, _| (wait * 2).min(cap))
        .min(cap)
}

impl Waits {
    pub(super) fn new(config: &EngineConfig) -> Self {
        Self {
            config: config.clone(),
            in_a_row: 0,
            failures: 0,
            away_since: None,
            last_sent: None,
            longest_gap: UNKNOWN_BEAT_MS,
            catch_up: 0,
            latest: Latest::default(),
            is_lenient: false,
            told: None,
            may_change: false,
            is_probe_asked: false,
            last_early: None,
            last_asked: None,
            drawn_from: None,
            drawn: (0, 0),
        }
    }

    pub(super) fn drawn(&self) -> (usize, u64) {
        self.drawn
    }

    pub(super) fn on_clock_jump(&mut self) {
        self.is_lenient = true;
        self.told = None;
        self.last_early = None;
        self.drawn_from = None;
        self.may_change = true;
    }

    pub(super) fn before(&mut self, told: Option<WaitReason>, input: &Input<MessagePayload>) {
        self.told = told;
        self.may_change = matches!(
            input,
            Input::Answered { .. } | Input::SignedIn | Input::Lead(_) | Input::SignOut { .. }
        );
        match input {
            Input::ProbeNow => self.is_probe_asked = true,
            // What an earlier engine had noted.
            Input::Adopt(snapshot) if snapshot.pace.is_some() => {
                self.is_lenient = true;
                self.may_change = true;
            }
            _ => {}
        }
    }

    fn away(&self, now: u64) -> u64 {
        now.saturating_sub(self.away_since.unwrap_or(now))
    }

    /// The longest wait for the sake of others.
    fn longest_own(&self, away: u64) -> u64 {
        if away < HICCUP_MS {
            return 0;
        }
        self.longest_gap.min(LONGEST_BEAT_MS) * 7 / 2
    }

    fn longest_back_off(&self) -> u64 {
        let doublings = self.in_a_row.saturating_sub(1);
        doubled(
            self.config.backoff_ms,
            doublings,
            self.config.backoff_cap_ms,
        )
    }

    pub(super) fn on_failed(&mut self, failure: &Failure, began: u64, now: u64) {
        match failure {
            Failure::Infrastructure | Failure::NotSent => {
                self.in_a_row += 1;
                self.failures += 1;
                self.away_since.get_or_insert(began);
                self.catch_up = 0;
                let own = self.longest_own(self.away(now));
                let back_off = self.longest_back_off();
                let is_new = self.latest.retry <= now && !self.is_lenient;
                self.latest.retry = self.latest.retry.max(now + back_off.max(own));
                let openings = self.failures.saturating_sub(self.config.max_retries);
                let open = doubled(self.config.open_ms, openings, self.config.open_cap_ms);
                self.latest.open = self.latest.open.max(now + open.max(own));
                let is_plain = is_new && own == 0 && self.failures < self.config.max_retries;
                self.drawn_from =
                    Some(back_off).filter(|_| is_plain && self.in_a_row == self.failures);
            }
            Failure::BackPressure { retry_after_ms } => {
                self.in_a_row += 1;
                self.away_since.get_or_insert(now);
                self.catch_up = 0;
                let asked = retry_after_ms.unwrap_or(0).min(self.config.patience_cap_ms);
                let own = self.longest_own(self.away(now) + asked);
                let more = self.longest_back_off().max(asked / 2).max(own);
                self.latest.patience = self.latest.patience.max(now + asked + more);
            }
            Failure::Auth | Failure::Permanent { .. } => self.on_success(now),
            Failure::UserAbort => self.on_abandoned(now),
        }
    }

    /// The request told nothing.
    pub(super) fn on_abandoned(&mut self, now: u64) {
        let until = now + self.config.backoff_ms;
        self.latest.retry = self.latest.retry.max(until);
        self.latest.open = self.latest.open.max(until);
        self.may_change = true;
    }

    pub(super) fn on_success(&mut self, now: u64) {
        self.catch_up = match self.away_since.take() {
            Some(since) => {
                let beats = self.longest_gap.min(LONGEST_BEAT_MS) * 2;
                let longest = now.saturating_sub(since).min(beats);
                longest.min(self.config.catch_up_spread_ms)
            }
            None => self.catch_up,
        };
        self.in_a_row = 0;
        self.failures = 0;
        self.is_probe_asked = false;
        self.latest = Latest {
            retry: now + self.catch_up,
            ..Latest::default()
        };
    }

    /// A lane goes on elsewhere: progress a few times, and then none.
    pub(super) fn on_moved(&mut self, began: u64, now: u64) {
        let before = self.latest;
        let (waits, failures, away_since) = (self.in_a_row, self.failures, self.away_since);
        let (catch_up, is_probe_asked) = (self.catch_up, self.is_probe_asked);
        self.on_success(now);
        let after_success = self.latest;
        let catch_up_then = self.catch_up;
        self.latest = before;
        (self.in_a_row, self.failures, self.away_since) = (waits, failures, away_since);
        self.catch_up = catch_up;
        self.on_failed(&Failure::Infrastructure, began, now);
        self.drawn_from = None;
        self.latest.retry = self.latest.retry.max(after_success.retry);
        self.catch_up = self.catch_up.max(catch_up_then).max(catch_up);
        self.is_probe_asked = is_probe_asked;
        // Which of the two it was shows in nothing but the pace.
        self.failures = 0;
        self.is_lenient = true;
    }

    pub(super) fn on_sent(&mut self, now: u64) {
        if let Some(last) = self.last_sent.replace(now) {
            self.longest_gap = self.longest_gap.max(now - last);
        }
        if std::mem::take(&mut self.is_probe_asked) {
            self.last_asked = Some(now);
        }
        self.drawn_from = None;
    }

    /// A request leaves.
    pub(super) fn check_send(
        &mut self,
        batch: &Batch<MessagePayload>,
        now: u64,
        caller_now: u64,
    ) -> Result<(), Violation> {
        if self.may_change {
            return Ok(());
        }
        let until = match self.told {
            None => return Ok(()),
            Some(WaitReason::SignIn) => {
                return disobeyed("a request while nobody is signed in".to_owned());
            }
            Some(WaitReason::BackPressure { until }) if caller_now < until => {
                let early_ms = until - caller_now;
                return Err(Violation::Impatient { early_ms });
            }
            Some(WaitReason::Retry { at }) => Some(at),
            Some(WaitReason::ServerAway { until }) => until,
            Some(_) => None,
        };
        let Some(until) = until.filter(|until| caller_now < *until) else {
            return Ok(());
        };
        if !self.is_probe_asked {
            let early_ms = until - caller_now;
            return Err(Violation::Impatient { early_ms });
        }
        let least = self.config.early_probe_interval_ms;
        if self.last_early.is_some_and(|last| now < last + least) {
            return disobeyed("a second early try within a second".to_owned());
        }
        self.last_early = Some(now);
        let is_failing = self.in_a_row > 0 && !self.is_lenient;
        if is_failing && (!batch.is_probe || batch.items.len() != 1) {
            return disobeyed(format!("an early try with {} items", batch.items.len()));
        }
        Ok(())
    }

    /// What is told now is no longer than it may be.
    pub(super) fn after(
        &mut self,
        told: Option<WaitReason>,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let (wait, latest) = match told {
            Some(WaitReason::Retry { at }) => (at, self.latest.retry),
            Some(WaitReason::BackPressure { until }) => (until, self.latest.patience),
            Some(WaitReason::ServerAway { until: Some(until) }) => (until, self.latest.open),
            _ => return Ok(()),
        };
        let wait = wait.saturating_sub(around.caller_now);
        if let (Some(longest), Some(WaitReason::Retry { .. })) = (self.drawn_from.take(), told) {
            self.drawn.0 += 1;
            self.drawn.1 += wait * 1_000 / longest.max(1);
        }
        let longest = if self.is_lenient {
            LONGEST_BEAT_MS * 7 / 2 + self.config.catch_up_spread_ms
        } else {
            latest.saturating_sub(around.now)
        };
        if wait > longest {
            return disobeyed(format!(
                "a wait of {wait} ms, and not of {longest}: {told:?}"
            ));
        }
        Ok(())
    }
}

impl Witness {
    /// What could be done and is held up by nothing is under way; and whoever waits asked to be woken in time.
    pub(super) fn check_liveness(
        &self,
        engine: &Watched,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let is_busy = around.is_writing || self.is_refusing || !around.knows_its_store;
        if let Some(sent) = &self.under_way {
            let deadline = around.caller_now
                + (sent.began + self.config.request_timeout_ms).saturating_sub(around.now);
            if !self.waits.is_lenient && self.last_wake.is_none_or(|wake| wake > deadline) {
                return disobeyed(format!("it sleeps until {:?}", self.last_wake));
            }
            return Ok(());
        }
        if is_busy || !self.is_leading || self.is_signed_out {
            return Ok(());
        }
        let items = engine.items();
        if !items.iter().any(|(item, _)| item.fate == Fate::Pending) {
            return Ok(());
        }
        let until = match engine.wait() {
            None | Some(WaitReason::Behind { .. }) => None,
            Some(WaitReason::SignIn) => return Ok(()),
            Some(WaitReason::Retry { at: until } | WaitReason::BackPressure { until }) => {
                Some(until)
            }
            Some(WaitReason::ServerAway { until }) => until,
        };
        let Some(until) = until.filter(|until| *until > around.caller_now) else {
            return disobeyed("it has work, and nothing holds it up".to_owned());
        };
        if self.last_wake.is_none_or(|wake| wake > until) {
            return disobeyed(format!(
                "it waits until {until}, and wakes {:?}",
                self.last_wake
            ));
        }
        let was_asked = self.waits.is_probe_asked
            && !self.waits.may_change
            && matches!(
                self.waits.told,
                Some(WaitReason::Retry { .. } | WaitReason::ServerAway { until: Some(_) })
            );
        let is_due = self
            .waits
            .last_asked
            .is_none_or(|last| around.now >= last + self.config.early_probe_interval_ms)
            && !self.waits.is_lenient;
        let can_go = items
            .iter()
            .any(|(item, _)| item.fate == Fate::Pending && !item.is_held && item.parent.is_none());
        let is_patient = matches!(engine.wait(), Some(WaitReason::BackPressure { .. }));
        if was_asked && is_due && can_go && !is_patient {
            return disobeyed("an early try was asked for, and is due".to_owned());
        }
        Ok(())
    }
}
