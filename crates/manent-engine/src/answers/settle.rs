//! What the shell's words about an answer change.
//!
//! Invariants: an answer leaves the store by its end, by a failure that is final for it, or by the user's wish; a stream that breaks costs
//! its own answer a back-off and tells nothing about the others; what waited for an outage's end does not go all at once.

use manent_types::RunId;

use super::entry::{Hold, Phase};
use super::pace::Pass;
use super::port::{AnswerEvent, AnswerOperation};
use super::{AnswerFailure, Answers};
use crate::back_off::{draw, early_draw, full_jitter};
use crate::time::Millis;

impl<P: Clone> Answers<P> {
    pub(super) fn on_began(&mut self, run: RunId) {
        let now = self.timeline.now();
        let Some(entry) = self.find_mut(run) else {
            return;
        };
        if matches!(entry.phase, Phase::Running { .. }) {
            return;
        }
        entry.phase = Phase::Running { since: now };
        entry.not_yet_since = None;
        self.server_works();
    }

    pub(super) fn on_ended(&mut self, run: RunId) {
        if self.take_out(run).is_some() {
            self.records.push(AnswerOperation::Delete(run));
            self.notify(AnswerEvent::Ended { run });
        }
    }

    pub(super) fn on_failed(&mut self, run: RunId, failure: AnswerFailure) {
        let Some(phase) = self.find(run).map(|entry| entry.phase) else {
            return;
        };
        match failure {
            AnswerFailure::UserAbort => self.on_ended(run),
            AnswerFailure::Over { code } => self.give_up(run, phase, code),
            // Of a request that is no longer asked about.
            _ if matches!(phase, Phase::Waiting) => {}
            AnswerFailure::Infrastructure => self.on_broken(run, phase),
            AnswerFailure::BackPressure { retry_after_ms } => {
                let now = self.timeline.now();
                let pass = pass_of(phase);
                self.pace
                    .on_back_pressure(pass, now, retry_after_ms, &mut self.rng);
                self.wait(run, now, Hold::Failure);
            }
            AnswerFailure::Auth => {
                self.pace.on_auth(self.timeline.now());
                self.wait(run, self.timeline.now(), Hold::Failure);
            }
            AnswerFailure::NotYet { code } => self.on_not_yet(run, phase, code),
        }
    }

    /// The way to the server broke: at the start, which tells about the server, or in the middle, which tells about this stream.
    fn on_broken(&mut self, run: RunId, phase: Phase) {
        let now = self.timeline.now();
        let at = match phase {
            Phase::Starting { pass, .. } => {
                if self.pace.on_failure(pass, now, &mut self.rng) {
                    now
                } else {
                    now.saturating_add(draw(&mut self.rng, self.config.backoff_ms))
                }
            }
            Phase::Running { since } => {
                let was_steady = now.saturating_sub(since) >= self.config.steady_ms;
                now.saturating_add(self.own_back_off(run, was_steady))
            }
            Phase::Waiting => return,
        };
        self.wait(run, at, Hold::Failure);
    }

    fn on_not_yet(&mut self, run: RunId, phase: Phase, code: String) {
        let now = self.timeline.now();
        let Some(entry) = self.find_mut(run) else {
            return;
        };
        let is_first = entry.not_yet_since.is_none();
        let since = *entry.not_yet_since.get_or_insert(now);
        if now.saturating_sub(since) >= self.config.not_yet_patience_ms {
            return self.give_up(run, phase, code);
        }
        let at = now.saturating_add(self.own_back_off(run, is_first));
        if let Some(entry) = self.find_mut(run) {
            entry.wait_until(at, Hold::NotYet);
        }
        self.server_works();
    }

    fn give_up(&mut self, run: RunId, phase: Phase, code: String) {
        if self.take_out(run).is_none() {
            return;
        }
        self.records.push(AnswerOperation::Delete(run));
        self.notify(AnswerEvent::Failed { run, code });
        if matches!(phase, Phase::Starting { .. }) {
            self.server_works();
        }
    }

    /// The back-off of one answer, at least a millisecond.
    fn own_back_off(&mut self, run: RunId, begins_anew: bool) -> Millis {
        let (base, cap) = (self.config.backoff_ms, self.config.backoff_cap_ms);
        let failures = self.find_mut(run).map_or(1, |entry| {
            entry.failures = if begins_anew {
                1
            } else {
                entry.failures.saturating_add(1)
            };
            entry.failures
        });
        full_jitter(&mut self.rng, failures, base, cap).max(1)
    }

    fn wait(&mut self, run: RunId, at: Millis, hold: Hold) {
        if let Some(entry) = self.find_mut(run) {
            entry.not_yet_since = None;
            entry.wait_until(at, hold);
        }
    }

    /// The server answered. After an outage, what waited for this goes bit by bit.
    fn server_works(&mut self) {
        let now = self.timeline.now();
        let Some(spread) = self.pace.on_success(now) else {
            return;
        };
        let spread = spread.max(self.config.catch_up_ms);
        for entry in &mut self.entries {
            if entry.is_waiting() && entry.not_before <= now {
                let wait = early_draw(&mut self.rng, spread);
                entry.wait_until(now.saturating_add(wait), Hold::Spread);
            }
        }
    }
}

const fn pass_of(phase: Phase) -> Option<Pass> {
    match phase {
        Phase::Starting { pass, .. } => Some(pass),
        Phase::Waiting | Phase::Running { .. } => None,
    }
}
