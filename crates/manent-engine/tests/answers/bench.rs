//! A machine on a bench: its store confirms when told, and everything that comes out of it is kept.

use manent_engine::answers::{
    AnswerEvent, AnswerFailure, AnswerInput, AnswerOperation, AnswerOutput, AnswerState, Answers,
    AnswersConfig, NewAnswer, StoredAnswer,
};
use manent_engine::{Millis, PersistId};
use manent_types::RunId;
use uuid::Uuid;

pub(crate) type Operations = Vec<AnswerOperation<&'static str>>;

/// A machine with a store that confirms when told, and everything that came out of it.
pub(crate) struct Bench {
    pub(crate) answers: Answers<&'static str>,
    pub(crate) now: Millis,
    pub(crate) persists: Vec<(PersistId, Operations)>,
    pub(crate) starts: Vec<(RunId, u32)>,
    pub(crate) events: Vec<AnswerEvent>,
    pub(crate) wake_at: Option<Millis>,
}

impl Bench {
    pub(crate) fn new(restored: Vec<StoredAnswer<&'static str>>) -> Self {
        Self::with(config(), restored)
    }

    pub(crate) fn with(config: AnswersConfig, restored: Vec<StoredAnswer<&'static str>>) -> Self {
        Self {
            answers: Answers::new(config, restored, 1),
            now: 0,
            persists: Vec::new(),
            starts: Vec::new(),
            events: Vec::new(),
            wake_at: None,
        }
    }

    pub(crate) fn tell(&mut self, input: AnswerInput<&'static str>) {
        self.answers.handle(self.now, input);
        while let Some(output) = self.answers.poll_output() {
            match output {
                AnswerOutput::Persist(id, operations) => self.persists.push((id, operations)),
                AnswerOutput::Start { run, attempt, .. } => self.starts.push((run, attempt)),
                AnswerOutput::Notify(event) => self.events.push(event),
                AnswerOutput::WakeAt(at) => self.wake_at = Some(at),
            }
        }
    }

    pub(crate) fn confirm_all(&mut self) {
        while !self.persists.is_empty() {
            let (id, _) = self.persists.remove(0);
            self.tell(AnswerInput::Persisted(id));
        }
    }

    pub(crate) fn want(&mut self, number: u128) {
        self.tell(AnswerInput::Want(new(number)));
        self.confirm_all();
    }

    pub(crate) fn fail(&mut self, number: u128, failure: AnswerFailure) {
        let run = run(number);
        self.tell(AnswerInput::Failed { run, failure });
        self.confirm_all();
    }

    pub(crate) fn wake(&mut self) {
        self.now = self.wake_at.unwrap();
        self.tell(AnswerInput::Wake);
    }

    /// Goes on in time, and tells how many starts that brought.
    pub(crate) fn go_on_to(&mut self, now: Millis) -> usize {
        let before = self.starts.len();
        self.now = now;
        self.tell(AnswerInput::Wake);
        self.starts.len() - before
    }

    pub(crate) fn state(&self, number: u128) -> Option<AnswerState> {
        self.answers.state(run(number))
    }
}

pub(crate) fn config() -> AnswersConfig {
    AnswersConfig::new("tab-0".parse().unwrap())
}

pub(crate) fn run(number: u128) -> RunId {
    RunId::new(Uuid::from_u128(number))
}

pub(crate) fn new(number: u128) -> NewAnswer<&'static str> {
    NewAnswer {
        run: run(number),
        payload: "ask",
        trace: None,
    }
}

pub(crate) fn stored(number: u128, holder: &str) -> StoredAnswer<&'static str> {
    StoredAnswer {
        run: run(number),
        holder: holder.parse().unwrap(),
        payload: "ask",
        trace: None,
        wanted_at: Millis::try_from(number).unwrap(),
    }
}

pub(crate) fn is_waiting(state: Option<AnswerState>, code: &str) -> bool {
    matches!(state, Some(AnswerState::Waiting(wait)) if wait.code() == code)
}
