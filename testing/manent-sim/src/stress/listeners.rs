//! Clients that wait for answers. Each asks for one, sees it to its end, thinks, and asks for the next one.
//!
//! A stream that is open when the outage begins breaks; its run goes on, and whoever asks again gets the rest. Where the server is merely busy,
//! open streams go on.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use manent_engine::answers::{
    AnswerFailure, AnswerInput, AnswerOutput, Answers, AnswersConfig, NewAnswer,
};
use manent_engine::{ItemId, PersistId};
use manent_types::RunId;

use super::{Counted, Load, Outage};
use crate::chance::Chance;
use crate::violation::Violation;

/// After so long without a word the shell gives a request up.
const SHELL_TIME_OUT_MS: u64 = 30_000;

/// What happens to a listener next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Want,
    Wake,
    Persisted(PersistId),
    Arrive(RunId, u64),
    Began(RunId, u64),
    Ended(RunId, u64),
    Broke(RunId, u64),
    /// Refused, with the moment before which the server does not want to see it again.
    Busy(RunId, u64, u64),
}

struct Listener {
    answers: Answers<u64>,
    /// When its answers were wanted and seen to their end.
    wanted: HashMap<RunId, u64>,
    ended: HashMap<RunId, u64>,
    /// The last request for each run: what belongs to earlier ones is not told.
    asked: HashMap<RunId, u64>,
    /// When the run of a request that was heard ends.
    runs: HashMap<RunId, u64>,
}

/// See the module.
pub(super) struct Listeners {
    load: Load,
    chance: Chance,
    now: u64,
    last: u64,
    next: BinaryHeap<Reverse<(u64, u64, usize, Doing)>>,
    all: Vec<Listener>,
    counted: Counted,
}

impl Listeners {
    pub(super) fn new(load: Load) -> Result<Self, Violation> {
        let mut crowd = Self {
            load,
            chance: Chance::new(load.seed),
            now: 0,
            last: 0,
            next: BinaryHeap::new(),
            all: Vec::new(),
            counted: Counted::default(),
        };
        for number in 0..load.clients {
            let name = format!("client-{number}");
            let holder = name.parse().map_err(|_| Violation::Simulator(name))?;
            crowd.all.push(Listener {
                answers: Answers::new(AnswersConfig::new(holder), Vec::new(), crowd.chance.seed()),
                wanted: HashMap::new(),
                ended: HashMap::new(),
                asked: HashMap::new(),
                runs: HashMap::new(),
            });
            let first = crowd.chance.between(0, load.beat_ms);
            crowd.schedule(first, number, Doing::Want);
            if load.says_online {
                crowd.schedule(load.outage_ends(), number, Doing::Wake);
            }
        }
        Ok(crowd)
    }

    fn schedule(&mut self, after: u64, listener: usize, doing: Doing) {
        self.last += 1;
        self.next
            .push(Reverse((self.now + after, self.last, listener, doing)));
    }

    pub(super) fn run(mut self) -> Result<Counted, Violation> {
        let patience = self.load.ends() + 600_000;
        while let Some(Reverse((at, _, number, doing))) = self.next.pop() {
            self.now = at;
            if self.now > patience {
                return Err(Violation::Restless);
            }
            self.happen(number, doing);
        }
        let ends = self.load.outage_ends();
        for listener in &self.all {
            let mut last = None;
            for (run, wanted) in &listener.wanted {
                let Some(ended) = listener.ended.get(run) else {
                    return Err(Violation::Stuck(ItemId(run.as_uuid())));
                };
                if *wanted < ends && *ended >= ends {
                    last = last.max(Some(ended - ends));
                }
            }
            self.counted.caught_up.extend(last);
        }
        Ok(self.counted)
    }

    fn happen(&mut self, number: usize, doing: Doing) {
        match doing {
            Doing::Want => self.want(number),
            Doing::Wake => self.tell(number, AnswerInput::Wake),
            Doing::Persisted(id) => self.tell(number, AnswerInput::Persisted(id)),
            Doing::Arrive(run, request) => self.arrive(number, run, request),
            Doing::Began(run, request) if self.breaks_now() => {
                self.happen(number, Doing::Broke(run, request));
            }
            Doing::Began(run, request) => {
                if self.is_current(number, run, request) {
                    self.tell(number, AnswerInput::Began(run));
                }
            }
            Doing::Ended(run, request) => {
                if self.is_current(number, run, request) {
                    let now = self.now;
                    self.all[number].ended.insert(run, now);
                    self.tell(number, AnswerInput::Ended(run));
                    let pause = self.pause();
                    self.schedule(pause, number, Doing::Want);
                }
            }
            Doing::Broke(run, request) => {
                let failure = AnswerFailure::Infrastructure;
                self.fail(number, run, request, failure);
            }
            Doing::Busy(run, request, retry_after_ms) => {
                let failure = AnswerFailure::BackPressure {
                    retry_after_ms: Some(retry_after_ms),
                };
                self.fail(number, run, request, failure);
            }
        }
    }

    fn fail(&mut self, number: usize, run: RunId, request: u64, failure: AnswerFailure) {
        if self.is_current(number, run, request) {
            self.all[number].asked.remove(&run);
            self.tell(number, AnswerInput::Failed { run, failure });
        }
    }

    fn is_current(&self, number: usize, run: RunId, request: u64) -> bool {
        self.all[number].asked.get(&run) == Some(&request)
    }

    /// Whether the way to the server is broken.
    fn breaks_now(&self) -> bool {
        self.load.is_away(self.now) && matches!(self.load.outage, Outage::Refused | Outage::Silent)
    }

    /// From the end of an answer to the next question: with what an answer takes, a beat, with a tenth of it as play to either side.
    fn pause(&mut self) -> u64 {
        let beat = self.load.beat_ms;
        let play = beat / 10;
        beat - beat * 3 / 20 - play + self.chance.between(0, 2 * play)
    }

    fn want(&mut self, number: usize) {
        if self.now >= self.load.ends() {
            return;
        }
        let run = RunId::new(self.chance.uuid());
        let listener = &mut self.all[number];
        listener.wanted.insert(run, self.now);
        let answer = NewAnswer {
            run,
            payload: 0,
            trace: None,
        };
        self.tell(number, AnswerInput::Want(answer));
    }

    fn tell(&mut self, number: usize, input: AnswerInput<u64>) {
        self.all[number].answers.handle(self.now, input);
        while let Some(output) = self.all[number].answers.poll_output() {
            match output {
                AnswerOutput::Persist(id, _) => {
                    let after = self.chance.between(1, 5);
                    self.schedule(after, number, Doing::Persisted(id));
                }
                AnswerOutput::Start { run, .. } => {
                    let request = self.last;
                    self.all[number].asked.insert(run, request);
                    let after = self.chance.between(10, 60);
                    self.schedule(after, number, Doing::Arrive(run, request));
                }
                AnswerOutput::WakeAt(at) => {
                    self.schedule(at.saturating_sub(self.now), number, Doing::Wake);
                }
                AnswerOutput::Notify(_) => {}
            }
        }
    }

    /// A request reaches the server's door.
    fn arrive(&mut self, number: usize, run: RunId, request: u64) {
        self.counted.count(self.now, 1);
        let after = self.chance.between(20, 120);
        if self.load.is_away(self.now) {
            let doing = match self.load.outage {
                Outage::Silent => {
                    return self.schedule(SHELL_TIME_OUT_MS, number, Doing::Broke(run, request));
                }
                Outage::Refused => Doing::Broke(run, request),
                Outage::Busy { retry_after_ms } => Doing::Busy(run, request, retry_after_ms),
                Outage::BusyUntilTheEnd => {
                    Doing::Busy(run, request, self.load.outage_ends() - self.now)
                }
            };
            return self.schedule(after, number, doing);
        }
        // An answer takes from a tenth to a fifth of a beat.
        let beat = self.load.beat_ms;
        let takes = self.chance.between(beat / 10, beat / 5);
        let began = self.now + after;
        let ends = *self.all[number].runs.entry(run).or_insert(began + takes);
        self.schedule(after, number, Doing::Began(run, request));
        let began_outage = self.load.outage_begins();
        let is_broken = matches!(self.load.outage, Outage::Refused | Outage::Silent)
            && (began..ends).contains(&began_outage);
        if is_broken {
            let until = match self.load.outage {
                Outage::Silent => began_outage + SHELL_TIME_OUT_MS,
                _ => began_outage,
            };
            self.schedule(until - self.now, number, Doing::Broke(run, request));
        } else {
            let ends = ends.max(began + 1);
            self.schedule(ends - self.now, number, Doing::Ended(run, request));
        }
    }
}
