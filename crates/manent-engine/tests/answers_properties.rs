//! Arbitrary histories of one machine, its store, its shell and the server, with crashes in between.
//!
//! After every step: nothing is asked for that is not in the store, nothing leaves the store before its end, no more than a few are being
//! asked for, a half-open breaker has one probe, and nobody's patience is undercut. At the end, once everything works, every answer ends.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use manent_engine::answers::{
    AnswerEvent, AnswerFailure, AnswerInput, AnswerOperation, AnswerOutput, Answers, AnswersConfig,
    NewAnswer, StoredAnswer,
};
use manent_engine::{BreakerState, Millis, PersistId};
use manent_types::RunId;
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone)]
enum Step {
    Want(u8),
    StoreConfirms,
    StoreRefuses,
    Begins(usize),
    Ends(usize),
    StartFails(usize, AnswerFailure),
    StreamFails(usize, AnswerFailure),
    LateWord(u8, AnswerFailure),
    ProbeNow,
    SignedIn,
    StorageLost,
    Crash(u64),
    Wait(Millis),
}

fn failure() -> impl Strategy<Value = AnswerFailure> {
    prop_oneof![
        6 => Just(AnswerFailure::Infrastructure),
        2 => (0..20_000_u64).prop_map(|wait| AnswerFailure::BackPressure { retry_after_ms: Some(wait) }),
        1 => Just(AnswerFailure::BackPressure { retry_after_ms: None }),
        1 => Just(AnswerFailure::Auth),
        1 => Just(AnswerFailure::NotYet { code: "run_not_found".to_owned() }),
        1 => Just(AnswerFailure::Over { code: "unknown_model".to_owned() }),
        1 => Just(AnswerFailure::UserAbort),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..20_u8).prop_map(Step::Want),
        12 => Just(Step::StoreConfirms),
        2 => Just(Step::StoreRefuses),
        5 => any::<usize>().prop_map(Step::Begins),
        3 => any::<usize>().prop_map(Step::Ends),
        8 => (any::<usize>(), failure()).prop_map(|(which, failure)| Step::StartFails(which, failure)),
        4 => (any::<usize>(), failure()).prop_map(|(which, failure)| Step::StreamFails(which, failure)),
        1 => (0..20_u8, failure()).prop_map(|(which, failure)| Step::LateWord(which, failure)),
        2 => Just(Step::ProbeNow),
        2 => Just(Step::SignedIn),
        1 => Just(Step::StorageLost),
        1 => any::<u64>().prop_map(Step::Crash),
        8 => (0..40_000_u64).prop_map(Step::Wait),
    ]
}

struct World {
    answers: Answers<u8>,
    now: Millis,
    store: BTreeMap<RunId, StoredAnswer<u8>>,
    writing: Option<(PersistId, Vec<AnswerOperation<u8>>)>,
    /// With the time at which the shell gives up.
    starting: Vec<(RunId, Millis)>,
    running: Vec<RunId>,
    /// Known to be durable once, and neither ended nor lost with the store.
    owed: BTreeSet<RunId>,
    /// What may leave the store.
    over: BTreeSet<RunId>,
    /// The server said of it that it is not there yet: the machine may lose its patience.
    not_yet: BTreeSet<RunId>,
    /// What was asked for while the breaker was half-open and is still asked about.
    probe: Option<RunId>,
    patience_until: Millis,
    is_signed_in: bool,
    wake_at: Option<Millis>,
}

fn config() -> AnswersConfig {
    AnswersConfig::new("tab-0".parse().unwrap())
}

impl World {
    fn new() -> Self {
        Self {
            answers: Answers::new(config(), vec![], 1),
            now: 1_000,
            store: BTreeMap::new(),
            writing: None,
            starting: Vec::new(),
            running: Vec::new(),
            owed: BTreeSet::new(),
            over: BTreeSet::new(),
            not_yet: BTreeSet::new(),
            probe: None,
            patience_until: 0,
            is_signed_in: true,
            wake_at: None,
        }
    }

    fn tell(&mut self, input: AnswerInput<u8>) {
        self.answers.handle(self.now, input);
        while let Some(output) = self.answers.poll_output() {
            match output {
                AnswerOutput::Persist(id, operations) => {
                    assert!(self.writing.is_none(), "two transactions at once");
                    self.writing = Some((id, operations));
                }
                AnswerOutput::Start { run, payload, .. } => self.on_start(run, payload),
                AnswerOutput::Notify(AnswerEvent::InvariantHeld(which)) => panic!("{which}"),
                AnswerOutput::Notify(AnswerEvent::Failed { run, .. }) => {
                    assert!(self.over.contains(&run) || self.not_yet.remove(&run));
                    self.over.insert(run);
                }
                AnswerOutput::Notify(_) => {}
                AnswerOutput::WakeAt(at) => self.wake_at = Some(at),
            }
        }
        if self.answers.breaker() == BreakerState::Closed {
            self.probe = None;
        }
        assert!(self.starting.len() <= config().max_starting);
    }

    fn on_start(&mut self, run: RunId, payload: u8) {
        assert_eq!(self.store.get(&run).map(|kept| kept.payload), Some(payload));
        assert!(self.is_signed_in, "asked although nobody is signed in");
        assert!(self.now >= self.patience_until, "undercut Retry-After");
        assert!(!self.running.contains(&run), "asked although it is coming");
        if self.answers.breaker() == BreakerState::HalfOpen {
            assert_eq!(self.probe, None, "two probes");
            self.probe = Some(run);
        }
        self.forget_request(run);
        let deadline = self.now + config().start_timeout_ms;
        self.starting.push((run, deadline));
    }

    /// The request for it is not asked about any more.
    fn forget_request(&mut self, run: RunId) {
        self.starting.retain(|(other, _)| *other != run);
        self.running.retain(|other| *other != run);
    }

    fn confirm(&mut self) {
        if let Some(id) = self.write() {
            self.tell(AnswerInput::Persisted(id));
        }
    }

    /// The store takes what it was given.
    fn write(&mut self) -> Option<PersistId> {
        let (id, operations) = self.writing.take()?;
        for operation in operations {
            match operation {
                AnswerOperation::Put(answer) => {
                    self.owed.insert(answer.run);
                    self.store.insert(answer.run, answer);
                }
                AnswerOperation::Delete(run) => {
                    assert!(self.over.remove(&run), "left the store before its end");
                    self.owed.remove(&run);
                    self.store.remove(&run);
                }
            }
        }
        Some(id)
    }

    fn fail(&mut self, run: RunId, failure: AnswerFailure) {
        self.forget_request(run);
        if self.probe == Some(run) {
            self.probe = None;
        }
        match &failure {
            AnswerFailure::Auth => self.is_signed_in = false,
            AnswerFailure::BackPressure { retry_after_ms } => {
                let until = self.now + retry_after_ms.unwrap_or(0);
                self.patience_until = self.patience_until.max(until);
            }
            AnswerFailure::Over { .. } | AnswerFailure::UserAbort => {
                self.over.insert(run);
            }
            AnswerFailure::NotYet { .. } => {
                self.not_yet.insert(run);
            }
            AnswerFailure::Infrastructure => {}
        }
        self.tell(AnswerInput::Failed { run, failure });
    }

    fn take(&mut self, step: Step) {
        let pick = |of: &[RunId], which: usize| -> Option<RunId> {
            (!of.is_empty()).then(|| of[which % of.len()])
        };
        let starting: Vec<RunId> = self.starting.iter().map(|(run, _)| *run).collect();
        match step {
            Step::Want(number) => {
                let run = run(number);
                // An id is used once: not again after its end.
                if self.over.contains(&run) {
                    return;
                }
                self.tell(AnswerInput::Want(NewAnswer {
                    run,
                    payload: number,
                    trace: None,
                }));
            }
            Step::StoreConfirms => self.confirm(),
            Step::StoreRefuses => {
                if let Some((id, _)) = self.writing.take() {
                    self.tell(AnswerInput::PersistFailed(id));
                }
            }
            Step::Begins(which) => {
                if let Some(run) = pick(&starting, which) {
                    self.forget_request(run);
                    self.running.push(run);
                    self.tell(AnswerInput::Began(run));
                }
            }
            Step::Ends(which) => {
                if let Some(run) = pick(&self.running, which) {
                    self.end(run);
                }
            }
            Step::StartFails(which, failure) => {
                if let Some(run) = pick(&starting, which) {
                    self.fail(run, failure);
                }
            }
            Step::StreamFails(which, failure) => {
                if let Some(run) = pick(&self.running, which) {
                    self.fail(run, failure);
                }
            }
            Step::LateWord(number, failure) => {
                let run = run(number);
                // Only of a request that the machine no longer asks about: it may not be believed, unless it is final.
                let is_asked = starting.contains(&run) || self.running.contains(&run);
                let is_final = matches!(
                    failure,
                    AnswerFailure::Over { .. } | AnswerFailure::UserAbort
                );
                if !is_asked && !is_final {
                    self.tell(AnswerInput::Failed { run, failure });
                }
            }
            Step::ProbeNow => self.tell(AnswerInput::ProbeNow),
            Step::SignedIn => {
                self.is_signed_in = true;
                self.tell(AnswerInput::SignedIn);
            }
            Step::StorageLost => {
                self.store.clear();
                self.owed.clear();
                self.tell(AnswerInput::StorageLost);
            }
            Step::Crash(seed) => self.crash(seed),
            Step::Wait(time) => self.wait_until(self.now + time),
        }
        self.check_nothing_is_forgotten();
    }

    fn wait_until(&mut self, now: Millis) {
        self.now = now;
        self.starting.retain(|(_, deadline)| *deadline > now);
        let is_asked = |run| self.starting.iter().any(|(other, _)| *other == run);
        self.probe = self.probe.filter(|run| is_asked(*run));
        self.tell(AnswerInput::Wake);
    }

    fn end(&mut self, run: RunId) {
        self.forget_request(run);
        self.over.insert(run);
        self.tell(AnswerInput::Ended(run));
    }

    /// What was being written is there or not.
    fn crash(&mut self, seed: u64) {
        if seed.is_multiple_of(2) {
            self.write();
        }
        let restored = self.store.values().cloned().collect();
        self.answers = Answers::new(config(), restored, seed);
        self.writing = None;
        self.starting.clear();
        self.running.clear();
        self.probe = None;
        self.is_signed_in = true;
        self.patience_until = 0;
        self.tell(AnswerInput::Wake);
    }

    /// What the store holds, or is told to hold, is looked after.
    fn check_nothing_is_forgotten(&self) {
        for run in &self.owed {
            let is_kept = self.answers.state(*run).is_some() || self.over.contains(run);
            assert!(is_kept, "{run} is forgotten");
        }
    }

    /// Everything works from now on: every answer ends, and within a bounded time.
    fn settle(&mut self) {
        self.is_signed_in = true;
        self.tell(AnswerInput::SignedIn);
        let give_up_at = self.now + 600_000;
        while !self.answers.is_idle() {
            assert!(self.now <= give_up_at, "answers are stuck");
            self.confirm();
            for (run, _) in self.starting.clone() {
                self.forget_request(run);
                self.tell(AnswerInput::Began(run));
                self.end(run);
            }
            for run in self.running.clone() {
                self.end(run);
            }
            if self.writing.is_none() && self.starting.is_empty() && !self.answers.is_idle() {
                self.wait_until(self.wake_at.unwrap_or(self.now).max(self.now + 1));
            }
        }
        assert!(self.store.is_empty(), "a record is left behind");
    }
}

fn run(number: u8) -> RunId {
    RunId::new(Uuid::from_u128(u128::from(number)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn keeps_its_promises_in_every_history(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.settle();
    }
}
