//! Asking for answers.
//!
//! Invariants, checked here for every start: the answer is durable; no more are being asked for than may be; the pace let it pass.

use super::entry::{Hold, Phase};
use super::pace::Pass;
use super::port::{AnswerEvent, AnswerOutput};
use super::{AnswerFailure, Answers};
use crate::time::Millis;

impl<P: Clone> Answers<P> {
    /// Asks for what is due, oldest first. Tells when to look again, by the machine's own time.
    pub(super) fn start_due(&mut self) -> Option<Millis> {
        let now = self.timeline.now();
        loop {
            if self.starting() >= self.config.max_starting {
                return None;
            }
            let Some(place) = self.next_due(now) else {
                return self.next_time();
            };
            match self.pace.acquire(now) {
                Ok(pass) => self.start(place, pass, now),
                Err(until) => return until,
            }
        }
    }

    fn starting(&self) -> usize {
        let starting = self.entries.iter().filter(|entry| entry.is_starting());
        starting.count()
    }

    /// The place of the next answer to ask for; an early try takes the oldest whatever its own time is.
    fn next_due(&self, now: Millis) -> Option<usize> {
        let first = |is_due: &dyn Fn(Millis) -> bool| {
            self.entries.iter().position(|entry| {
                entry.is_waiting()
                    && self.records.is_durable(entry.written_at)
                    && is_due(entry.not_before)
            })
        };
        first(&|not_before| not_before <= now).or_else(|| {
            self.pace
                .is_early_due(now)
                .then(|| first(&|_| true))
                .flatten()
        })
    }

    /// When the next answer is due by its own time, or the early try that is asked for.
    fn next_time(&self) -> Option<Millis> {
        let waiting = self
            .entries
            .iter()
            .filter(|entry| entry.is_waiting() && self.records.is_durable(entry.written_at));
        let next = waiting.map(|entry| entry.not_before).min()?;
        Some(self.pace.early_at().map_or(next, |early| next.min(early)))
    }

    fn start(&mut self, place: usize, pass: Pass, now: Millis) {
        let Some(entry) = self.entries.get_mut(place) else {
            return;
        };
        if !self.records.is_durable(entry.written_at) {
            entry.wait_until(now.saturating_add(self.config.backoff_ms), Hold::Failure);
            self.pace.abandon(Some(pass));
            return self.notify(AnswerEvent::InvariantHeld("persist before start"));
        }
        entry.attempts = entry.attempts.saturating_add(1);
        entry.phase = Phase::Starting {
            pass,
            deadline: now.saturating_add(self.config.start_timeout_ms),
        };
        self.outputs.push_back(AnswerOutput::Start {
            run: entry.stored.run,
            payload: entry.stored.payload.clone(),
            trace: entry.stored.trace.clone(),
            attempt: entry.attempts,
        });
    }

    /// A start of which nothing was heard for too long has failed.
    pub(super) fn time_out_starts(&mut self) {
        let now = self.timeline.now();
        let late: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.phase {
                Phase::Starting { deadline, .. } if deadline <= now => Some(entry.stored.run),
                _ => None,
            })
            .collect();
        for run in late {
            self.on_failed(run, AnswerFailure::Infrastructure);
        }
    }
}
