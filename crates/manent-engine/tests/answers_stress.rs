//! Many clients, one server that goes away for a minute: those that waited together do not come back together.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use manent_engine::Millis;
use manent_engine::answers::{
    AnswerFailure, AnswerInput, AnswerOutput, Answers, AnswersConfig, NewAnswer,
};
use manent_types::RunId;
use uuid::Uuid;

const CLIENTS: u64 = 500;
/// Each client wants an answer so often.
const BEAT: Millis = 30_000;
const AWAY: std::ops::Range<Millis> = 120_000..180_000;
const END: Millis = 420_000;
const ROUND_TRIP: Millis = 50;
const ANSWER_TAKES: Millis = 3_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Wants,
    Wakes,
    IsAnswered(RunId),
    HasEnded(RunId),
}

type Next = Reverse<(Millis, u64, What)>;

struct Crowd {
    clients: Vec<Answers<()>>,
    next: BinaryHeap<Next>,
    /// The times of all requests.
    starts: Vec<Millis>,
    wanted: u128,
}

impl Crowd {
    fn new() -> Self {
        let client = |seed| {
            let config = AnswersConfig::new("tab-0".parse().unwrap());
            Answers::new(config, vec![], seed)
        };
        Self {
            clients: (0..CLIENTS).map(client).collect(),
            next: (0..CLIENTS)
                .map(|client| Reverse((client * BEAT / CLIENTS, client, What::Wants)))
                .collect(),
            starts: Vec::new(),
            wanted: 0,
        }
    }

    fn run(&mut self) {
        while let Some(Reverse((now, client, what))) = self.next.pop() {
            if now >= END {
                return;
            }
            match what {
                What::Wakes => self.tell(now, client, AnswerInput::Wake),
                What::Wants => {
                    self.wanted += 1;
                    let run = RunId::new(Uuid::from_u128(self.wanted));
                    let answer = NewAnswer {
                        run,
                        payload: (),
                        trace: None,
                    };
                    self.tell(now, client, AnswerInput::Want(answer));
                    self.after(now + BEAT, client, What::Wants);
                }
                What::IsAnswered(run) if AWAY.contains(&now) => {
                    let failure = AnswerFailure::Infrastructure;
                    self.tell(now, client, AnswerInput::Failed { run, failure });
                }
                What::IsAnswered(run) => {
                    self.tell(now, client, AnswerInput::Began(run));
                    self.after(now + ANSWER_TAKES, client, What::HasEnded(run));
                }
                What::HasEnded(run) => self.tell(now, client, AnswerInput::Ended(run)),
            }
        }
    }

    fn after(&mut self, at: Millis, client: u64, what: What) {
        self.next.push(Reverse((at, client, what)));
    }

    fn tell(&mut self, now: Millis, client: u64, input: AnswerInput<()>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let place = usize::try_from(client).unwrap();
            self.clients[place].handle(now, input);
            while let Some(output) = self.clients[place].poll_output() {
                match output {
                    AnswerOutput::Persist(id, _) => inputs.push(AnswerInput::Persisted(id)),
                    AnswerOutput::Start { run, .. } => {
                        self.starts.push(now);
                        self.after(now + ROUND_TRIP, client, What::IsAnswered(run));
                    }
                    AnswerOutput::WakeAt(at) => self.after(at, client, What::Wakes),
                    AnswerOutput::Notify(_) => {}
                }
            }
        }
    }

    /// The most starts in any second of a time.
    fn peak(&self, time: std::ops::Range<Millis>) -> usize {
        let count = |from: Millis| {
            let second = from..from + 1_000;
            self.starts.iter().filter(|at| second.contains(at)).count()
        };
        time.step_by(250).map(count).max().unwrap()
    }
}

#[test]
fn five_hundred_clients_come_back_one_after_the_other() {
    let mut crowd = Crowd::new();
    crowd.run();
    let steady = crowd.peak(60_000..AWAY.start - 1_000);
    let after = crowd.peak(AWAY.end..END - 1_000);
    // Two beats of every client were missed. What was wanted in them comes on top of what is wanted now, over about a minute; each answer is a
    // request of its own, so that less is not to be had without keeping people waiting for longer.
    assert!(
        after <= 4 * steady,
        "{after} starts in a second, {steady} before"
    );
    let share = CLIENTS / 5;
    assert!(after as u64 <= share, "{after} clients came back together");
    let waiting: usize = crowd
        .clients
        .iter()
        .map(|client| client.pending().count())
        .sum();
    let running = CLIENTS * ANSWER_TAKES / BEAT;
    assert!(
        waiting as u64 <= running * 2,
        "{waiting} answers are still waited for"
    );
}
