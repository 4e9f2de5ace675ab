//! Many clients and one outage: how the requests come back.
//!
//! Each client writes at its own steady beat, its engine sends, and a server without any limit of its own answers. Then the server is away
//! for a while, and comes back. What is measured is the rate of requests that reach the server's door, before and after. The clients
//! run in one simulated time, so what would spike in the world spikes here.

mod client;
mod listeners;
mod profile;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use manent_engine::{Answer, Failure, Input, ItemOutcome, RequestId};

use crate::chance::Chance;
use crate::violation::Violation;
use client::{Client, Doing, Sent};
use listeners::Listeners;
pub use profile::{Counted, Profile};

/// What an outage looks like to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Connections are refused at once.
    Refused,
    /// Nothing ever answers.
    Silent,
    /// Every request is answered with 503 and the same `Retry-After`.
    Busy {
        /// What the server asks for.
        retry_after_ms: u64,
    },
    /// Every request is answered with 503 and a `Retry-After` that names the same moment for all: the end of the outage.
    BusyUntilTheEnd,
}

/// What the clients do and suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many clients there are.
    pub clients: usize,
    /// Each client writes a message in about so many milliseconds.
    pub beat_ms: u64,
    /// What the outage looks like.
    pub outage: Outage,
    /// How long the outage lasts.
    pub outage_ms: u64,
    /// The outage ends for the browsers too: each is told "online" at that moment.
    pub says_online: bool,
}

/// For so long the clients get to their beat.
const WARM_UP_MS: u64 = 30_000;
/// For so many beats the steady rate is measured, and at least for a minute.
const STEADY_BEATS: u64 = 3;
/// For so many beats the recovery is watched, and at least for three minutes.
const RECOVERY_BEATS: u64 = 5;

impl Load {
    /// When the steady rate begins to be measured: each client wrote twice, and the engine knows its beat.
    fn steady_begins(&self) -> u64 {
        WARM_UP_MS.max(3 * self.beat_ms)
    }

    fn outage_begins(&self) -> u64 {
        self.steady_begins() + 60_000.max(STEADY_BEATS * self.beat_ms)
    }

    fn outage_ends(&self) -> u64 {
        self.outage_begins() + self.outage_ms
    }

    fn ends(&self) -> u64 {
        self.outage_ends() + 180_000.max(RECOVERY_BEATS * self.beat_ms)
    }

    fn is_away(&self, now: u64) -> bool {
        (self.outage_begins()..self.outage_ends()).contains(&now)
    }

    fn profile(&self, counted: Counted) -> Profile {
        let steady = self.steady_begins()..self.outage_begins();
        let recovery = self.outage_ends()..self.ends();
        counted.profile(steady, recovery)
    }

    /// This and other loads that differ in what is left to chance.
    fn worlds(self, count: u64) -> impl Iterator<Item = Self> {
        (self.seed..self.seed + count).map(move |seed| Self { seed, ..self })
    }
}

/// Runs the clients through the outage, in so many worlds that know nothing of each other, and counts them together: what chance does to one
/// world it does less to many.
///
/// # Errors
/// When a message is lost, doubled or out of order, or when the clients do not catch up.
pub fn stress(load: Load, worlds: u64) -> Result<Profile, Violation> {
    let mut counted = Counted::default();
    for load in load.worlds(worlds) {
        counted.add(Crowd::new(load)?.run()?);
    }
    Ok(load.profile(counted))
}

/// As [`stress`], with answers: each client asks for one, sees it to its end, and asks for the next one when its beat comes.
///
/// # Errors
/// When an answer does not end.
pub fn stress_answers(load: Load, worlds: u64) -> Result<Profile, Violation> {
    let mut counted = Counted::default();
    for load in load.worlds(worlds) {
        counted.add(Listeners::new(load)?.run()?);
    }
    Ok(load.profile(counted))
}

struct Crowd {
    load: Load,
    chance: Chance,
    now: u64,
    last: u64,
    next: BinaryHeap<Reverse<(u64, u64, usize, Doing)>>,
    clients: Vec<Client>,
    counted: Counted,
}

impl Crowd {
    fn new(load: Load) -> Result<Self, Violation> {
        let mut crowd = Self {
            load,
            chance: Chance::new(load.seed),
            now: 0,
            last: 0,
            next: BinaryHeap::new(),
            clients: Vec::new(),
            counted: Counted::default(),
        };
        for number in 0..load.clients {
            let client = Client::new(number, &mut crowd.chance)?;
            crowd.clients.push(client);
            let first = crowd.chance.between(0, load.beat_ms);
            crowd.schedule(first, number, Doing::Write);
            if load.says_online {
                crowd.schedule(load.outage_ends(), number, Doing::Online);
            }
        }
        Ok(crowd)
    }

    fn schedule(&mut self, after: u64, client: usize, doing: Doing) {
        self.last += 1;
        self.next
            .push(Reverse((self.now + after, self.last, client, doing)));
    }

    fn run(mut self) -> Result<Counted, Violation> {
        let patience = self.load.ends() + 600_000;
        while let Some(Reverse((at, _, client, doing))) = self.next.pop() {
            self.now = at;
            if self.now > patience {
                return Err(Violation::Restless);
            }
            self.happen(client, doing)?;
        }
        for client in &self.clients {
            client.check_end()?;
        }
        for client in &self.clients {
            let caught_up = client.caught_up(self.load.outage_ends());
            self.counted.caught_up.extend(caught_up);
        }
        Ok(self.counted)
    }

    fn happen(&mut self, number: usize, doing: Doing) -> Result<(), Violation> {
        match doing {
            Doing::Write => {
                if self.now < self.load.ends() {
                    // A beat with a tenth of play to either side.
                    let play = self.load.beat_ms / 10;
                    let next = self.load.beat_ms - play + self.chance.between(0, 2 * play);
                    self.schedule(next, number, Doing::Write);
                    let item = self.clients[number].write(self.now, &mut self.chance);
                    self.tell(number, Input::Enqueue(item));
                }
                Ok(())
            }
            Doing::Online => {
                self.tell(number, Input::ProbeNow);
                Ok(())
            }
            Doing::Wake => {
                self.tell(number, Input::Wake);
                Ok(())
            }
            Doing::Persisted(id) => {
                self.tell(number, Input::Persisted(id));
                Ok(())
            }
            Doing::Arrive(request) => self.arrive(number, request),
            Doing::Answer(request, answer) => {
                self.tell(
                    number,
                    Input::Answered {
                        request,
                        answer: answer.0,
                    },
                );
                Ok(())
            }
        }
    }

    fn tell(&mut self, number: usize, input: Input<u64>) {
        self.clients[number].engine.handle(self.now, input);
        while let Some(output) = self.clients[number].engine.poll_output() {
            if let Some((at, doing)) =
                self.clients[number].perform(self.now, output, &mut self.chance)
            {
                self.schedule(at, number, doing);
            }
        }
    }

    /// A request reaches the server's door.
    fn arrive(&mut self, number: usize, request: RequestId) -> Result<(), Violation> {
        let Some(Sent { items }) = self.clients[number].sent.remove(&request) else {
            return Ok(());
        };
        self.counted.count(self.now, items.len());
        let now = self.now;
        let answer = if self.load.is_away(now) {
            match self.load.outage {
                Outage::Silent => return Ok(()),
                Outage::Refused => Answer::Failed(Failure::Infrastructure),
                Outage::Busy { retry_after_ms } => Answer::Failed(Failure::BackPressure {
                    retry_after_ms: Some(retry_after_ms),
                }),
                Outage::BusyUntilTheEnd => Answer::Failed(Failure::BackPressure {
                    retry_after_ms: Some(self.load.outage_ends() - now),
                }),
            }
        } else {
            let client = &mut self.clients[number];
            let outcomes: Result<Vec<ItemOutcome>, Violation> = items
                .into_iter()
                .map(|item| client.store(item, now))
                .collect();
            Answer::Outcomes(outcomes?)
        };
        let after = self.chance.between(20, 120);
        self.schedule(after, number, Doing::Answer(request, answer.into()));
        Ok(())
    }
}
