//! Somebody who watches one machine in one life, and compares what it shows with what must be so.

use std::collections::{BTreeMap, BTreeSet};

use manent_engine::BreakerState;
use manent_engine::answers::{
    AnswerEvent, AnswerFailure, AnswerInput, AnswerOutput, AnswerState, AnswerWait, Answers,
    AnswersConfig, StoredAnswer,
};
use manent_types::RunId;

use crate::violation::Violation;

/// No wait is longer than this, but for what the server asked for: three and a half beats of a minute.
const LONGEST_WAIT_MS: u64 = 210_000;

/// How things are outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    pub(super) knows_its_store: bool,
    pub(super) is_writing: bool,
    /// By the device's clock.
    pub(super) caller_now: u64,
}

/// What happens to an answer, as seen from outside.
#[derive(Debug, Default)]
struct Seen {
    attempts: u32,
    /// It was asked for: when, and whether it has begun.
    asked: Option<(u64, bool)>,
    told: Option<AnswerState>,
    /// The server asked for a later time, or it failed.
    not_yet_since: Option<u64>,
}

/// See the module.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each goes its own way")]
pub(super) struct Witness {
    config: AnswersConfig,
    seen: BTreeMap<RunId, Seen>,
    over: BTreeSet<RunId>,
    is_refusing: bool,
    is_paused: bool,
    last_wake: Option<u64>,
    /// Failures in a row, by the starts that were under way together.
    failures: u32,
    is_probe_asked: bool,
    last_asked: Option<u64>,
    expected: Expected,
    is_lenient: bool,
}

#[derive(Debug, Default)]
struct Expected {
    ended: Option<RunId>,
    failed: Option<RunId>,
    full: Option<RunId>,
    has_started: bool,
    released: Vec<RunId>,
}

fn untrue<T>(what: String) -> Result<T, Violation> {
    Err(Violation::Untrue(what))
}

fn disobeyed<T>(what: String) -> Result<T, Violation> {
    Err(Violation::Disobeyed(what))
}

impl Witness {
    pub(super) fn new(config: AnswersConfig, answers: &Answers<u8>) -> Self {
        let mut witness = Self {
            config,
            seen: BTreeMap::new(),
            over: BTreeSet::new(),
            is_refusing: false,
            is_paused: false,
            last_wake: None,
            failures: 0,
            is_probe_asked: false,
            last_asked: None,
            expected: Expected::default(),
            is_lenient: false,
        };
        for (stored, _) in answers.pending() {
            witness.seen.insert(stored.run, Seen::default());
        }
        witness
    }

    pub(super) fn on_clock_jump(&mut self) {
        self.is_lenient = true;
        for seen in self.seen.values_mut() {
            seen.told = None;
        }
    }

    pub(super) fn before(&mut self, answers: &Answers<u8>, input: &AnswerInput<u8>, now: u64) {
        self.expected = Expected::default();
        let is_known = |run: &RunId| answers.state(*run).is_some();
        let begun = |seen: &Self, run: &RunId| seen.seen.get(run).and_then(|seen| seen.asked);
        if matches!(
            input,
            AnswerInput::Began(_)
                | AnswerInput::Failed {
                    failure: AnswerFailure::NotYet { .. }
                        | AnswerFailure::Auth
                        | AnswerFailure::Over { .. },
                    ..
                }
        ) {
            // The server is there: nobody has to try early.
            self.is_probe_asked = false;
        }
        match input {
            AnswerInput::Wake => self.last_wake = None,
            AnswerInput::Want(new) if !is_known(&new.run) => {
                if answers.pending().count() >= self.config.max_answers {
                    self.expected.full = Some(new.run);
                } else {
                    self.over.remove(&new.run);
                    self.seen.insert(new.run, Seen::default());
                }
            }
            AnswerInput::Adopt(stored) => {
                for stored in stored.iter().filter(|stored| !is_known(&stored.run)) {
                    self.seen.insert(stored.run, Seen::default());
                }
            }
            AnswerInput::Began(run) => {
                // Also one whose start was given up for taking too long.
                if let Some(seen) = self.seen.get_mut(run).filter(|_| is_known(run)) {
                    let was_running = seen.asked.is_some_and(|(_, has_begun)| has_begun);
                    if !was_running {
                        seen.asked = Some((now, true));
                        seen.not_yet_since = None;
                        self.failures = 0;
                    }
                }
            }
            AnswerInput::Ended(run) if is_known(run) => {
                self.expected.ended = Some(*run);
            }
            AnswerInput::Failed { run, failure } if is_known(run) => {
                let asked = begun(self, run);
                match failure {
                    AnswerFailure::UserAbort => self.expected.ended = Some(*run),
                    AnswerFailure::Over { .. } => self.expected.failed = Some(*run),
                    _ if asked.is_none() => {}
                    AnswerFailure::NotYet { .. } => self.on_not_yet(*run, now),
                    AnswerFailure::Auth => {
                        self.is_paused = true;
                        self.failures = 0;
                        self.put_off(*run);
                    }
                    AnswerFailure::Infrastructure => {
                        if asked.is_some_and(|(_, has_begun)| !has_begun) {
                            self.failures += 1;
                        }
                        self.put_off(*run);
                    }
                    AnswerFailure::BackPressure { .. } => self.put_off(*run),
                }
            }
            AnswerInput::SignedIn => self.is_paused = false,
            AnswerInput::ProbeNow => {
                self.is_probe_asked |= answers.pending().any(|(_, state)| {
                    matches!(state, AnswerState::Waiting(_) | AnswerState::Storing)
                });
            }
            AnswerInput::Release(runs) => self.expected.released.clone_from(runs),
            _ => {}
        }
    }

    fn put_off(&mut self, run: RunId) {
        if let Some(seen) = self.seen.get_mut(&run) {
            seen.asked = None;
            seen.not_yet_since = None;
        }
    }

    fn on_not_yet(&mut self, run: RunId, now: u64) {
        let patience = self.config.not_yet_patience_ms;
        let Some(seen) = self.seen.get_mut(&run) else {
            return;
        };
        seen.asked = None;
        self.failures = 0;
        let since = *seen.not_yet_since.get_or_insert(now);
        if now >= since + patience && !self.is_lenient {
            self.expected.failed = Some(run);
        }
    }

    pub(super) fn on_output(
        &mut self,
        answers: &Answers<u8>,
        output: &AnswerOutput<u8>,
        now: u64,
    ) -> Result<(), Violation> {
        match output {
            AnswerOutput::Start {
                run,
                trace,
                attempt,
                payload,
            } => {
                self.expected.has_started = true;
                let stored = pending(answers, *run);
                let seen = self.seen.entry(*run).or_default();
                seen.attempts += 1;
                // The start before took too long.
                if seen.asked.is_some() {
                    self.failures += 1;
                    seen.not_yet_since = None;
                }
                seen.asked = Some((now, false));
                let is_so = stored
                    .is_some_and(|stored| stored.trace == *trace && stored.payload == *payload)
                    && *attempt == seen.attempts;
                if !is_so {
                    return untrue(format!("{run} is asked for as something else"));
                }
                if self.is_paused {
                    return disobeyed(format!("{run} is asked for, and nobody is signed in"));
                }
                if std::mem::take(&mut self.is_probe_asked) {
                    self.last_asked = Some(now);
                }
            }
            AnswerOutput::WakeAt(at) => self.last_wake = Some(*at),
            AnswerOutput::Notify(event) => return self.on_event(event),
            AnswerOutput::Persist(..) => {}
        }
        Ok(())
    }

    fn on_event(&mut self, event: &AnswerEvent) -> Result<(), Violation> {
        match event {
            AnswerEvent::State { run, state } => {
                self.seen.entry(*run).or_default().told = Some(*state);
            }
            AnswerEvent::Ended { run } => {
                self.over.insert(*run);
                if self.expected.ended.take() != Some(*run) {
                    return untrue(format!("{run} was called ended"));
                }
            }
            AnswerEvent::Failed { run, .. } => {
                self.over.insert(*run);
                let is_due = self.expected.failed.take() == Some(*run);
                if !is_due && !self.is_lenient {
                    return untrue(format!("{run} was called impossible"));
                }
            }
            AnswerEvent::Refused { run, .. } => {
                if self.expected.full.take() != Some(*run) {
                    return disobeyed(format!("there is room for {run}"));
                }
            }
            AnswerEvent::StorageRefused { .. } => self.is_refusing = true,
            AnswerEvent::StorageRecovered => {
                if !std::mem::take(&mut self.is_refusing) {
                    return untrue("the store recovered from nothing".to_owned());
                }
            }
            AnswerEvent::InvariantHeld(_) => {}
        }
        Ok(())
    }

    pub(super) fn after(
        &mut self,
        answers: &Answers<u8>,
        around: Surroundings,
        now: u64,
    ) -> Result<(), Violation> {
        let due = std::mem::take(&mut self.expected);
        let undone = due.ended.or(due.failed).or(due.full);
        if let Some(run) = undone {
            return disobeyed(format!("nothing was told of {run}"));
        }
        let is_settled = around.knows_its_store && !around.is_writing && !self.is_refusing;
        let listed: BTreeMap<RunId, AnswerState> = answers
            .pending()
            .map(|(stored, state)| (stored.run, state))
            .collect();
        for run in &due.released {
            self.seen.remove(run);
        }
        let over = &self.over;
        self.seen
            .retain(|run, _| listed.contains_key(run) || !over.contains(run));
        if let Some(run) = self.seen.keys().find(|run| !listed.contains_key(run)) {
            return Err(Violation::Forgotten(*run));
        }
        if !answers
            .pending()
            .is_sorted_by_key(|(stored, _)| stored.wanted_at)
            && !self.is_lenient
        {
            // Those that were taken over come behind what is there.
            let has_adopted = listed.len() > 1;
            if !has_adopted {
                return untrue("the answers are not in their order".to_owned());
            }
        }
        let starting = listed
            .values()
            .filter(|state| matches!(state, AnswerState::Starting { .. }))
            .count();
        if starting > self.config.max_starting {
            return disobeyed(format!("{starting} are asked for at once"));
        }
        for (stored, state) in answers.pending() {
            let run = stored.run;
            if stored.holder != self.config.holder {
                return untrue(format!("{run} is held by another"));
            }
            if answers.state(run) != Some(state) {
                return untrue(format!("{run} by itself is not as it is listed"));
            }
            self.check_state(answers, (run, state), (starting, is_settled), around, now)?;
        }
        let is_idle = listed.is_empty() && !around.is_writing && !self.is_refusing;
        if answers.is_idle() != is_idle {
            return untrue(format!("it is idle: {}", !is_idle));
        }
        if answers.is_paused_for_sign_in() != self.is_paused {
            return untrue(format!("somebody has to sign in: {}", !self.is_paused));
        }
        let is_open = answers.breaker() != BreakerState::Closed;
        if !self.is_lenient && is_open && self.failures < self.config.max_retries {
            return untrue(format!("the breaker is open after {}", self.failures));
        }
        self.check_early(answers, due.has_started, is_settled, now)
    }

    /// An early try that was asked for goes at once, where nothing but a schedule holds it up.
    fn check_early(
        &self,
        answers: &Answers<u8>,
        has_started: bool,
        is_settled: bool,
        now: u64,
    ) -> Result<(), Violation> {
        let waits: Vec<AnswerWait> = answers
            .pending()
            .filter_map(|(_, state)| match state {
                AnswerState::Waiting(wait) => Some(wait),
                _ => None,
            })
            .collect();
        let is_starting = answers
            .pending()
            .any(|(_, state)| matches!(state, AnswerState::Starting { .. }));
        let interval = self.config.early_probe_interval_ms;
        let is_due = self.last_asked.is_none_or(|last| now >= last + interval);
        let can_go = waits
            .iter()
            .any(|wait| matches!(wait, AnswerWait::Retry { .. }));
        if self.is_probe_asked
            && is_due
            && can_go
            && is_settled
            && !has_started
            && !is_starting
            && !self.is_lenient
        {
            return disobeyed("an early try was asked for, and is due".to_owned());
        }
        Ok(())
    }

    fn check_state(
        &mut self,
        answers: &Answers<u8>,
        (run, state): (RunId, AnswerState),
        (starting, is_settled): (usize, bool),
        around: Surroundings,
        now: u64,
    ) -> Result<(), Violation> {
        let is_paused = answers.is_paused_for_sign_in();
        let Some(seen) = self.seen.get_mut(&run) else {
            return untrue(format!("{run} was never wanted here"));
        };
        let told = seen.told.replace(state);
        if told.is_some_and(|told| told != state) {
            return untrue(format!("{run}: told {told:?}, and it is {state:?}"));
        }
        // One whose start took too long counts as failed.
        if let (AnswerState::Storing | AnswerState::Waiting(_), Some((at, false))) =
            (state, seen.asked)
        {
            let is_early = now < at + self.config.start_timeout_ms;
            if is_early && !self.is_lenient {
                return untrue(format!("{run} is given up"));
            }
            seen.asked = None;
            seen.not_yet_since = None;
            self.failures += 1;
        }
        let is_so = match state {
            AnswerState::Storing => !is_settled && seen.asked.is_none(),
            AnswerState::Starting { attempt } => {
                seen.asked.is_some_and(|(_, has_begun)| !has_begun) && attempt == seen.attempts
            }
            AnswerState::Running => seen.asked.is_some_and(|(_, has_begun)| has_begun),
            AnswerState::Waiting(wait) => {
                let is_signing_in = wait == AnswerWait::SignIn;
                let turn = wait == AnswerWait::BehindAnother { until: None };
                let away = wait == AnswerWait::ServerAway { until: None };
                seen.asked.is_none()
                    && is_signing_in == is_paused
                    && (!turn || starting >= self.config.max_starting)
                    && (!away || starting > 0)
            }
        };
        if !is_so {
            return untrue(format!("{run} is shown {state:?}, and is {seen:?}"));
        }
        let AnswerState::Waiting(wait) = state else {
            return Ok(());
        };
        let code = match wait {
            AnswerWait::Retry { .. } => "retry",
            AnswerWait::BackPressure { .. } => "server_busy",
            AnswerWait::ServerAway { .. } => "server_away",
            AnswerWait::SignIn => "sign_in",
            AnswerWait::BehindAnother { .. } => "behind_another",
        };
        if wait.code() != code {
            return untrue(format!("{code} is called {}", wait.code()));
        }
        let Some(until) = wait.until() else {
            return Ok(());
        };
        let longest = self.config.patience_cap_ms * 3 / 2;
        let left = until.saturating_sub(around.caller_now);
        if left > LONGEST_WAIT_MS + longest {
            return disobeyed(format!("{run} waits for {left} ms"));
        }
        let is_free = starting < self.config.max_starting;
        if is_settled && is_free && self.last_wake.is_none_or(|wake| wake > until) {
            return disobeyed(format!(
                "{run} waits until {until}, and wakes {:?}",
                self.last_wake
            ));
        }
        Ok(())
    }
}

fn pending(answers: &Answers<u8>, run: RunId) -> Option<StoredAnswer<u8>> {
    let mut pending = answers.pending();
    let found = pending.find(|(stored, _)| stored.run == run);
    found.map(|(stored, _)| stored.clone())
}
