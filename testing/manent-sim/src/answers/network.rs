//! The way between machines and the server: everything on it can be dropped, doubled, late, or cut.

use manent_engine::BreakerState;
use manent_engine::answers::{AnswerFailure, AnswerInput};
use manent_types::RunId;

use super::provider::Reply;
use super::{Address, Happening, Mode, START_TIMEOUT_MS, World};
use crate::violation::Violation;

impl World {
    /// A machine asks for an answer.
    pub(super) fn start(&mut self, address: Address, run: RunId) -> Result<(), Violation> {
        // The server begins a run once for each id, so what is asked for must be asked for under the id under which it was wanted.
        if !self.wanted.contains_key(&run) {
            return Err(Violation::NobodyWanted(run));
        }
        self.last_request += 1;
        let request = self.last_request;
        let now = self.now;
        let device = &mut self.devices[address.device];
        // Where two look after it, one may have seen its end and removed the record.
        let is_over = self
            .wanted
            .get(&run)
            .is_some_and(|wanted| wanted.is_over || wanted.is_refused);
        let is_on_disk = is_over || device.disk.contains_key(&run);
        let generation = device.generation;
        let Some(tab) = device.tab(address.tab, address.life) else {
            return Ok(());
        };
        if tab.generation == generation && !is_on_disk {
            return Err(Violation::StartedBeforePersisted(run));
        }
        if now < tab.not_before {
            return Err(Violation::Impatient {
                early_ms: tab.not_before - now,
            });
        }
        if tab.answers.breaker() == BreakerState::HalfOpen {
            let asking = |other: &RunId| tab.asked.contains_key(other);
            let is_second = tab.probe.is_some_and(|(other, at)| {
                other != run && asking(&other) && now < at + START_TIMEOUT_MS
            });
            if is_second {
                return Err(Violation::TwoProbes(run));
            }
            tab.probe = Some((run, now));
            self.report.probes += 1;
        } else {
            tab.probe = None;
        }
        tab.asked.insert(run, request);
        self.report.starts += 1;
        let is_lost = self.has_faults && self.chance.per_mille(60);
        let after = self.chance.between(5, 200);
        if is_lost {
            if self.chance.per_mille(700) {
                let broken = Reply::Failed(AnswerFailure::Infrastructure);
                self.schedule(after, Happening::Hear(address, request, run, broken));
            }
        } else {
            self.schedule(after, Happening::Arrive(address, request, run));
            if self.has_faults && self.chance.per_mille(50) {
                // Doubled on the way.
                let later = self.chance.between(5, 60_000);
                self.schedule(later, Happening::Arrive(address, 0, run));
            }
        }
        Ok(())
    }

    /// A request reaches the server.
    pub(super) fn arrive(&mut self, from: Address, request: u64, run: RunId) {
        let after = self.chance.between(5, 200);
        let fail = |failure| Reply::Failed(failure);
        let reply = match self.mode {
            Mode::Silent => return,
            Mode::Failing => fail(AnswerFailure::Infrastructure),
            Mode::Busy => {
                let wait = self.chance.between(100, 10_000);
                let asks = self.chance.per_mille(700);
                fail(AnswerFailure::BackPressure {
                    retry_after_ms: asks.then_some(wait),
                })
            }
            Mode::Up if !self.devices[from.device].is_signed_in => fail(AnswerFailure::Auth),
            Mode::Up if self.has_faults && self.chance.per_mille(30) => {
                fail(AnswerFailure::NotYet {
                    code: "parent_unknown".to_owned(),
                })
            }
            Mode::Up => match self.provider.ask(run, self.now) {
                Some(reply) => reply,
                None => return,
            },
        };
        let is_broken = self.has_faults && self.chance.per_mille(100);
        if let Reply::Runs { until } = reply {
            self.schedule(after, Happening::Hear(from, request, run, reply));
            let left = until.saturating_sub(self.now);
            let end = if is_broken {
                let cut = self.chance.between(0, left);
                (cut, fail(AnswerFailure::Infrastructure))
            } else {
                (left, Reply::Ended)
            };
            self.schedule(after + end.0, Happening::Hear(from, request, run, end.1));
        } else if !is_broken {
            self.schedule(after, Happening::Hear(from, request, run, reply));
        }
    }

    /// Word of a run reaches a tab.
    pub(super) fn hear(
        &mut self,
        to: Address,
        request: u64,
        run: RunId,
        reply: Reply,
    ) -> Result<(), Violation> {
        let now = self.now;
        let Some(tab) = self.devices[to.device].tab(to.tab, to.life) else {
            return Ok(());
        };
        if tab.asked.get(&run) != Some(&request) {
            return Ok(());
        }
        let input = match reply {
            Reply::Runs { .. } => AnswerInput::Began(run),
            Reply::Ended => {
                tab.asked.remove(&run);
                AnswerInput::Ended(run)
            }
            Reply::Failed(failure) => {
                tab.asked.remove(&run);
                if let AnswerFailure::BackPressure { retry_after_ms } = &failure {
                    let until = now + retry_after_ms.unwrap_or(0);
                    tab.not_before = tab.not_before.max(until);
                }
                AnswerInput::Failed { run, failure }
            }
        };
        let is_over = matches!(input, AnswerInput::Ended(_))
            || matches!(
                &input,
                AnswerInput::Failed {
                    failure: AnswerFailure::Over { .. },
                    ..
                }
            );
        let is_auth = matches!(
            &input,
            AnswerInput::Failed {
                failure: AnswerFailure::Auth,
                ..
            }
        );
        if is_over && let Some(wanted) = self.wanted.get_mut(&run) {
            wanted.is_over = true;
        }
        if is_auth {
            let after = self.chance.between(500, 8_000);
            self.schedule(after, Happening::SignIn(to));
        }
        self.tell(to, input)
    }
}
