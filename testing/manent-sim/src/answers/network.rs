//! The way between machines and the server: everything on it can be dropped, doubled, late, or cut.

use manent_engine::BreakerState;
use manent_engine::answers::{AnswerFailure, AnswerInput, read_failure};
use manent_types::RunId;

use super::provider::{Meaning, Reply, meaning_of};
use super::{Address, Happening, Mode, START_TIMEOUT_MS, World};
use crate::violation::Violation;

/// What is not there yet.
pub(super) const NOT_YET: [&str; 6] = [
    "parent_unknown",
    "conversation_not_found",
    "run_not_found",
    "cursor_ahead",
    "cursor_foreign",
    "invalid_cursor",
];

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
                let broken = Reply::Failed(0, None, None);
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
        let reply = match self.mode {
            Mode::Silent => return,
            Mode::Failing => {
                let kinds = [
                    (500, Some("internal")),
                    (502, None),
                    (404, Some("not_found")),
                    (403, None),
                    (403, Some("origin_not_allowed")),
                    (408, Some("body_timeout")),
                    (200, Some("not_logged")),
                    (404, Some("not_recorded")),
                    (421, Some("host_not_allowed")),
                    (405, Some("method_not_allowed")),
                ];
                let (status, code) = kinds[self.chance.index(kinds.len())];
                Reply::Failed(status, code, None)
            }
            Mode::Busy => {
                let wait = self.chance.between(100, 10_000);
                let asks = self.chance.per_mille(700);
                let patience = asks.then_some(wait);
                if self.chance.per_mille(500) {
                    Reply::Failed(429, None, patience)
                } else {
                    let codes = [
                        "overloaded",
                        "shutting_down",
                        "store_unavailable",
                        "store_busy",
                    ];
                    let code = codes[self.chance.index(codes.len())];
                    Reply::Failed(503, Some(code), patience)
                }
            }
            Mode::Up if !self.devices[from.device].is_signed_in => {
                if self.chance.per_mille(500) {
                    Reply::Failed(401, None, None)
                } else {
                    Reply::Failed(403, Some("account_locked"), None)
                }
            }
            Mode::Up if self.has_faults && self.chance.per_mille(30) => {
                let code = NOT_YET[self.chance.index(NOT_YET.len())];
                Reply::Failed(404, Some(code), None)
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
                (cut, Reply::Failed(0, None, None))
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
        reply: &Reply,
    ) -> Result<(), Violation> {
        let now = self.now;
        let Some(tab) = self.devices[to.device].tab(to.tab, to.life) else {
            return Ok(());
        };
        if tab.asked.get(&run) != Some(&request) {
            return Ok(());
        }
        let input = match *reply {
            Reply::Runs { .. } => AnswerInput::Began(run),
            Reply::Ended => {
                tab.asked.remove(&run);
                AnswerInput::Ended(run)
            }
            Reply::Failed(status, code, patience) => {
                tab.asked.remove(&run);
                let failure = read_failure(status, code, patience);
                if Meaning::of(&failure) != Some(meaning_of(code, status)) {
                    let what = format!("{status} {code:?} was taken for {failure:?}");
                    return Err(Violation::Disobeyed(what));
                }
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
