//! Answers that were asked for and whose end was not seen, as a state machine without I/O.
//!
//! The outbox brings a person's words to the server; this machine brings the answers back. An answer has a run id that was minted where it
//! was wanted. Asking for it again attaches to the run that has the id, so asking twice costs nothing, and a device that was reloaded,
//! killed or offline goes on where it can. The grammar is the outbox's: [`Answers::handle`], then [`Answers::poll_output`] until there is
//! nothing more; no clock, no randomness, no I/O.
//!
//! # Invariants
//!
//! - **Persist before start.** An answer is asked for only after the store confirmed it. Checked for every start.
//! - **Nothing is forgotten.** An answer leaves the store when its end was seen, when asking again can never give another result (which is
//!   told, [`AnswerEvent::Failed`]), or by the user's wish. Failing often never removes one.
//! - **Many run, few start.** Any number of answers may be coming; at most [`AnswersConfig::max_starting`] are being asked for, and while the
//!   breaker is half-open one probe.
//! - **Patience.** `Retry-After` is a lower bound. Every back-off has full jitter, and what waited for an outage's end is spread after it.
//! - **Signing in.** When nobody is signed in nothing is asked for until someone is; nothing is forgotten.
//! - **One answer's refusal is its own.** It holds up no other.
//!
//! # Several machines on one store
//!
//! Each looks after its own answers; [`StoredAnswer::holder`] says whose they are. What a dead one left behind is taken over by
//! [`AnswerInput::Adopt`]. Should two look after the same answer for a while, both attach to the same run, and both remove the record at its
//! end: that costs a connection and nothing else.
//!
//! # Not here
//!
//! What the server asked for ("not before") is not stored: after a restart the first answers are asked for at once.

mod config;
mod entry;
mod failure;
mod pace;
mod port;
mod records;
mod settle;
mod start;
mod stored;

use std::collections::VecDeque;

use manent_types::RunId;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;

pub use config::AnswersConfig;
pub use failure::{AnswerFailure, read_failure};
pub use port::{
    AnswerError, AnswerEvent, AnswerInput, AnswerOperation, AnswerOutput, AnswerState, AnswerWait,
    NewAnswer,
};
pub use stored::{ANSWERS_STORED_VERSION, AnswerRecordError, StoredAnswer};

use crate::back_off::full_jitter;
use crate::circuit_breaker::BreakerState;
use crate::id::PersistId;
use crate::time::{Millis, Timeline};
use entry::{Entry, Hold, Phase};
use pace::Pace;
use records::Records;

/// See the [module](self).
#[derive(Debug)]
pub struct Answers<P> {
    config: AnswersConfig,
    timeline: Timeline,
    rng: Pcg32,
    /// In the order in which they were wanted.
    entries: Vec<Entry<P>>,
    records: Records<P>,
    pace: Pace,
    /// When to ask the store again, by the machine's own time.
    write_again_at: Option<Millis>,
    outputs: VecDeque<AnswerOutput<P>>,
    /// When the machine must be called again as things stand, by its own time.
    wake_at: Option<Millis>,
    /// The last [`AnswerOutput::WakeAt`].
    announced_wake: Option<Millis>,
}

impl<P: Clone> Answers<P> {
    /// A machine over what the device's store held. Restored answers are asked for again, oldest first. The seed decides every jitter: the
    /// same inputs give the same outputs.
    pub fn new(config: AnswersConfig, restored: Vec<StoredAnswer<P>>, seed: u64) -> Self {
        let config = config.sanitised();
        let mut answers = Self {
            timeline: Timeline::default(),
            rng: Pcg32::seed_from_u64(seed),
            entries: Vec::new(),
            records: Records::new(),
            pace: Pace::new(&config),
            write_again_at: None,
            outputs: VecDeque::new(),
            wake_at: None,
            announced_wake: None,
            config,
        };
        answers.adopt(restored);
        answers
    }

    /// Tells what happened outside. Afterwards call [`Self::poll_output`] until it has nothing more.
    pub fn handle(&mut self, now: Millis, input: AnswerInput<P>) {
        self.timeline.observe(now);
        match input {
            // The caller's timer is spent: tell it again when it came early.
            AnswerInput::Wake => self.announced_wake = None,
            AnswerInput::Want(answer) => self.want(answer),
            AnswerInput::Persisted(id) => self.on_persisted(id),
            AnswerInput::PersistFailed(id) => self.on_persist_failed(id),
            AnswerInput::Began(run) => self.on_began(run),
            AnswerInput::Ended(run) => self.on_ended(run),
            AnswerInput::Failed { run, failure } => self.on_failed(run, failure),
            AnswerInput::ProbeNow => self.probe_now(),
            AnswerInput::SignedIn => self.pace.on_signed_in(),
            AnswerInput::Adopt(answers) => self.adopt(answers),
            AnswerInput::Release(runs) => self.release(&runs),
            AnswerInput::StorageLost => self.write_everything(),
        }
        self.advance();
    }

    /// The next thing to do; absent when there is nothing until the next input. Outputs do not go stale: do all of them, in order.
    pub fn poll_output(&mut self) -> Option<AnswerOutput<P>> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let wake = self.wake_at.map(|own| self.timeline.to_caller(own));
        if wake.is_some() && wake != self.announced_wake {
            self.announced_wake = wake;
            return wake.map(AnswerOutput::WakeAt);
        }
        None
    }

    /// Where an answer stands; absent for one that is not waited for (never was, ended, or can never come).
    pub fn state(&self, run: RunId) -> Option<AnswerState> {
        self.find(run).map(|entry| self.state_of(entry))
    }

    /// Every answer that is waited for, in the order in which they were wanted.
    pub fn pending(&self) -> impl Iterator<Item = (&StoredAnswer<P>, AnswerState)> {
        self.entries
            .iter()
            .map(|entry| (&entry.stored, self.state_of(entry)))
    }

    /// The breaker, times by the machine's own clock.
    pub fn breaker(&self) -> BreakerState {
        self.pace.breaker()
    }

    /// Whether someone has to sign in.
    pub fn is_paused_for_sign_in(&self) -> bool {
        self.pace.is_paused()
    }

    /// Whether nothing is waited for and nothing is left to be written.
    pub fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.records.is_idle()
    }

    fn find(&self, run: RunId) -> Option<&Entry<P>> {
        self.entries.iter().find(|entry| entry.stored.run == run)
    }

    fn find_mut(&mut self, run: RunId) -> Option<&mut Entry<P>> {
        self.entries
            .iter_mut()
            .find(|entry| entry.stored.run == run)
    }

    fn want(&mut self, new: NewAnswer<P>) {
        let run = new.run;
        if self.find(run).is_some() {
            return;
        }
        if self.entries.len() >= self.config.max_answers {
            let error = AnswerError::Full;
            return self.notify(AnswerEvent::Refused { run, error });
        }
        let stored = StoredAnswer {
            run,
            holder: self.config.holder.clone(),
            payload: new.payload,
            trace: new.trace,
            wanted_at: self.timeline.caller(),
        };
        let written_at = self.records.push(AnswerOperation::Put(stored.clone()));
        self.entries.push(Entry::new(stored, written_at));
    }

    /// Takes in what the store holds. Answers that are known already stay as they are.
    fn adopt(&mut self, mut answers: Vec<StoredAnswer<P>>) {
        answers.sort_unstable_by_key(|answer| (answer.wanted_at, answer.run));
        for mut stored in answers {
            // One that is being removed has ended: a reader may still see it.
            if self.find(stored.run).is_some() || self.records.is_removing(stored.run) {
                continue;
            }
            if stored.holder != self.config.holder {
                stored.holder = self.config.holder.clone();
                self.records.push(AnswerOperation::Put(stored.clone()));
            }
            // It is durable in one form or the other.
            self.entries.push(Entry::new(stored, 0));
        }
    }

    fn probe_now(&mut self) {
        if self.entries.iter().any(Entry::is_waiting) {
            self.pace.probe_now();
        }
    }

    fn release(&mut self, runs: &[RunId]) {
        for run in runs {
            self.take_out(*run);
        }
    }

    fn write_everything(&mut self) {
        self.write_again_at = None;
        for entry in &mut self.entries {
            let put = AnswerOperation::Put(entry.stored.clone());
            entry.written_at = self.records.push(put);
        }
    }

    /// Forgets an answer in memory.
    fn take_out(&mut self, run: RunId) -> Option<Entry<P>> {
        let place = self
            .entries
            .iter()
            .position(|entry| entry.stored.run == run)?;
        let entry = self.entries.remove(place);
        if let Phase::Starting { pass, .. } = entry.phase {
            self.pace.abandon(Some(pass));
        }
        Some(entry)
    }

    fn on_persisted(&mut self, id: PersistId) {
        let had_refusals = self.records.refusals() > 0;
        if self.records.confirm(id) && had_refusals {
            self.notify(AnswerEvent::StorageRecovered);
        }
    }

    fn on_persist_failed(&mut self, id: PersistId) {
        if !self.records.refuse(id) {
            return;
        }
        let attempts = self.records.refusals();
        let (base, cap) = (self.config.backoff_ms, self.config.backoff_cap_ms);
        let wait = full_jitter(&mut self.rng, attempts, base, cap).max(1);
        self.write_again_at = Some(self.timeline.now().saturating_add(wait));
        self.notify(AnswerEvent::StorageRefused { attempts });
    }

    /// What follows from an input or from the passing of time.
    fn advance(&mut self) {
        let now = self.timeline.now();
        if self.write_again_at.is_some_and(|at| at <= now) {
            self.write_again_at = None;
        }
        if self.write_again_at.is_none()
            && let Some((id, operations)) = self.records.next()
        {
            self.outputs
                .push_back(AnswerOutput::Persist(id, operations));
        }
        self.time_out_starts();
        let start_at = self.start_due();
        self.tell_changes();
        let deadlines = self.entries.iter().filter_map(|entry| match entry.phase {
            Phase::Starting { deadline, .. } => Some(deadline),
            Phase::Waiting | Phase::Running { .. } => None,
        });
        self.wake_at = deadlines.chain(start_at).chain(self.write_again_at).min();
    }

    fn state_of(&self, entry: &Entry<P>) -> AnswerState {
        match entry.phase {
            Phase::Starting { .. } => AnswerState::Starting {
                attempt: entry.attempts,
            },
            Phase::Running { .. } => AnswerState::Running,
            Phase::Waiting if !self.records.is_durable(entry.written_at) => AnswerState::Storing,
            Phase::Waiting => AnswerState::Waiting(self.wait_of(entry)),
        }
    }

    fn wait_of(&self, entry: &Entry<P>) -> AnswerWait {
        let now = self.timeline.now();
        let at = |own| self.timeline.to_caller(own);
        let own_time = entry.not_before;
        match self.pace.wait(now) {
            Some(AnswerWait::SignIn) => AnswerWait::SignIn,
            Some(AnswerWait::BackPressure { until }) => AnswerWait::BackPressure {
                until: at(until.max(own_time)),
            },
            Some(AnswerWait::ServerAway { until }) => AnswerWait::ServerAway {
                until: until.map(|until| at(until.max(own_time))),
            },
            Some(AnswerWait::Retry { at: own }) => AnswerWait::Retry {
                at: at(own.max(own_time)),
            },
            Some(AnswerWait::BehindAnother { .. }) | None if own_time > now => match entry.hold {
                Hold::Failure => AnswerWait::Retry { at: at(own_time) },
                Hold::NotYet | Hold::Spread => AnswerWait::BehindAnother {
                    until: Some(at(own_time)),
                },
            },
            Some(AnswerWait::BehindAnother { .. }) | None => {
                AnswerWait::BehindAnother { until: None }
            }
        }
    }

    /// Tells of every answer that stands somewhere else than was told last.
    fn tell_changes(&mut self) {
        for place in 0..self.entries.len() {
            let Some(entry) = self.entries.get(place) else {
                return;
            };
            let state = self.state_of(entry);
            let run = entry.stored.run;
            if entry.told == Some(state) {
                continue;
            }
            if let Some(entry) = self.entries.get_mut(place) {
                entry.told = Some(state);
            }
            self.notify(AnswerEvent::State { run, state });
        }
    }

    fn notify(&mut self, event: AnswerEvent) {
        self.outputs.push_back(AnswerOutput::Notify(event));
    }
}
