//! The way between engines and server: everything on it can be dropped, doubled, late, out of order, or mangled.

mod odd;

use manent_engine::append_api::{HttpAnswer, read_append_answer};
use manent_engine::{Answer, Failure, Input, ItemId, RequestId};
use serde_json::{Value, json};

use super::{Address, Happening, Heard, Mode, World};
use crate::server::{Appended, Reply};
use crate::violation::Violation;

impl World {
    /// A request leaves.
    pub(super) fn carry(&mut self, from: Address, request: RequestId, body: Value) {
        let is_lost = self.has_faults && self.chance.per_mille(60);
        if is_lost || self.devices[from.device].is_offline {
            // Lost; half of the time the sender learns it, and now and then that nothing left at all.
            if self.chance.per_mille(500) {
                let after = self.chance.between(1, 2_000);
                let failure = if self.chance.per_mille(400) {
                    self.report.unsent += 1;
                    Failure::NotSent
                } else {
                    Failure::Infrastructure
                };
                let heard = Heard::Failed(failure);
                self.schedule(after, Happening::Answer(from, request, heard));
            }
            return;
        }
        if self.has_faults && self.chance.per_mille(10) {
            // Whoever sent it broke it off; it may arrive all the same.
            self.report.unsent += 1;
            let after = self.chance.between(1, 200);
            let heard = Heard::Failed(Failure::UserAbort);
            self.schedule(after, Happening::Answer(from, request, heard));
        }
        if self.has_faults && self.chance.per_mille(50) {
            let later = self.chance.between(1, 90_000);
            self.schedule(later, Happening::Arrive(from, request, body.clone()));
        }
        let is_slow = self.has_faults && self.chance.per_mille(30);
        let after = self.chance.between(5, if is_slow { 90_000 } else { 200 });
        self.schedule(after, Happening::Arrive(from, request, body));
    }

    /// A request reaches the server.
    pub(super) fn arrive(
        &mut self,
        from: Address,
        request: RequestId,
        body: &Value,
    ) -> Result<(), Violation> {
        if self.has_faults && self.chance.per_mille(8) {
            self.odd_reply(from, request);
            return Ok(());
        }
        match self.mode {
            Mode::Silent => return Ok(()),
            Mode::Failing => {
                let reply = Reply::problem(500, "internal", None);
                self.reply(from, request, reply);
                return Ok(());
            }
            Mode::Busy => {
                let wait = self.chance.between(100, 10_000);
                let (status, wait) = match self.chance.between(0, 2) {
                    0 => (429, None),
                    1 => (429, Some(wait)),
                    _ => (503, Some(wait)),
                };
                let reply = Reply::problem(status, "rate_limited", wait);
                self.reply(from, request, reply);
                return Ok(());
            }
            // It dies before or after the commit; the answer is lost either way.
            Mode::Crashing if self.chance.per_mille(500) => return Ok(()),
            Mode::Crashing | Mode::Up => {}
        }
        if !self.devices[from.device].is_signed_in {
            let reply = Reply::problem(401, "signed_out", None);
            self.reply(from, request, reply);
            return Ok(());
        }
        let Appended {
            reply,
            rows,
            refused,
        } = self.server.append(body, self.now)?;
        for id in refused {
            self.ledger.on_refused(id);
        }
        for (id, text, seq) in rows {
            let disk = &self.devices[from.device].disk;
            self.ledger.on_row(id, &text, seq, disk.get(id))?;
            if self.chance.per_mille(150) {
                let later = self.chance.between(1, 20_000);
                self.schedule(later, Happening::Seen(from.device, id));
            }
        }
        if self.mode == Mode::Up {
            self.reply(from, request, reply);
        }
        Ok(())
    }

    /// The leader of a device hears from the server's feed that it has an item.
    pub(super) fn seen(&mut self, device: usize, id: ItemId) -> Result<(), Violation> {
        let Some(leader) = self.leader(device) else {
            return Ok(());
        };
        let position = self
            .ledger
            .position(id)
            .filter(|_| self.chance.per_mille(500));
        let input = Input::SeenSaved { id, position };
        let tab = self.devices[device].tab(leader.slot, leader.life);
        let is_there = tab.is_some_and(|tab| tab.engine.item(id).is_some());
        self.report.seen += usize::from(is_there);
        self.tell(leader, input)
    }

    /// An answer leaves the server.
    fn reply(&mut self, to: Address, request: RequestId, mut reply: Reply) {
        if self.has_faults {
            if self.chance.per_mille(60) {
                return;
            }
            if self.chance.per_mille(30) {
                self.mangle(&mut reply);
            }
            if self.chance.per_mille(50) {
                let later = self.chance.between(1, 60_000);
                let again = Heard::Reply(reply.clone());
                self.schedule(later, Happening::Answer(to, request, again));
            }
        }
        let after = self.chance.between(5, 200);
        self.schedule(after, Happening::Answer(to, request, Heard::Reply(reply)));
    }

    /// Somebody on the way answers, in one of the ways in which that is done.
    fn odd_reply(&mut self, to: Address, request: RequestId) {
        let (reply, _) = odd::reply(self.chance.index(odd::COUNT));
        self.schedule(5, Happening::Answer(to, request, Heard::Reply(reply)));
    }

    /// HTML, half a document, fewer outcomes, unknown ids, or a doubled list.
    fn mangle(&mut self, reply: &mut Reply) {
        let mut document: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        match self.chance.between(0, 6) {
            0 => {
                reply.body = b"<html>please sign in to the hotel</html>".to_vec();
                return;
            }
            1 => {
                reply.body.truncate(reply.body.len() / 2);
                return;
            }
            kind => {
                let stranger = self.chance.uuid().to_string();
                if let Some(results) = document["results"].as_array_mut() {
                    let place = self.chance.index(results.len().max(1));
                    match kind {
                        2 => results.truncate(place),
                        3 => results.remove(place)["id"] = Value::Null,
                        // What the server could not have meant.
                        5 if !results.is_empty() => {
                            let numbers = [json!(null), json!(0), json!(1), json!(40)];
                            let expected = numbers[self.chance.index(numbers.len())].clone();
                            results[place]["outcome"] = json!("gap");
                            results[place]["expectedDeviceSeq"] = expected;
                        }
                        // One more word about the same item, and not the same one.
                        6 if !results.is_empty() => {
                            let mut other = results[place].clone();
                            other["outcome"] = json!("blocked");
                            results.push(other);
                        }
                        _ => results[place]["id"] = Value::String(stranger),
                    }
                }
            }
        }
        reply.body = document.to_string().into_bytes();
    }

    /// An answer, or the news that there will be none, reaches a tab.
    pub(super) fn answer(
        &mut self,
        to: Address,
        request: RequestId,
        heard: &Heard,
    ) -> Result<(), Violation> {
        let (answer, status) = match heard {
            Heard::Failed(failure) => (Answer::Failed(failure.clone()), None),
            Heard::Reply(reply) => {
                let answer = read_append_answer(HttpAnswer {
                    status: reply.status,
                    retry_after_ms: reply.retry_after_ms,
                    body: &reply.body,
                });
                odd::check(reply, &answer)?;
                (answer, Some(reply.status))
            }
        };
        let now = self.now;
        let Some(tab) = self.devices[to.device].tab(to.slot, to.life) else {
            return Ok(());
        };
        let is_awaited = tab.request == Some(request);
        if is_awaited {
            tab.request = None;
            match (&answer, status) {
                (Answer::Failed(Failure::BackPressure { retry_after_ms }), _) => {
                    tab.pace.on_back_pressure(now, retry_after_ms.unwrap_or(0));
                }
                (Answer::Failed(Failure::UserAbort), _) => tab.pace.on_abandoned(),
                (Answer::Failed(Failure::Infrastructure | Failure::NotSent), _)
                    if status != Some(200) =>
                {
                    tab.pace.on_failure(now);
                }
                _ => tab.pace.on_contact(),
            }
        }
        let asked = match answer {
            Answer::Failed(Failure::BackPressure { retry_after_ms }) => retry_after_ms,
            _ => None,
        };
        let is_free = tab.persist.is_none() && !tab.is_store_refusing;
        let is_believed = asked.is_some() && is_free && is_awaited;
        self.tell(to, Input::Answered { request, answer })?;
        if is_believed {
            self.check_patience_is_kept(to, asked.unwrap_or(0))?;
        }
        let Some(tab) = self.devices[to.device].tab(to.slot, to.life) else {
            return Ok(());
        };
        if tab.engine.metrics().is_paused_for_sign_in && !tab.is_signing_in {
            tab.is_signing_in = true;
            let after = self.chance.between(500, 8_000);
            self.schedule(after, Happening::SignIn(to));
        }
        Ok(())
    }

    /// A restart may not forget what the server asked for: what the store was just asked to hold tells it.
    fn check_patience_is_kept(&mut self, at: Address, asked_ms: u64) -> Result<(), Violation> {
        let now = self.now;
        let Some(tab) = self.devices[at.device].tab(at.slot, at.life) else {
            return Ok(());
        };
        let until = now + asked_ms;
        if tab.patience_asked < until {
            return Err(Violation::ForgotThePace {
                early_ms: until - tab.patience_asked,
            });
        }
        Ok(())
    }
}
