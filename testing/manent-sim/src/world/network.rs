//! The way between engines and server: everything on it can be dropped, doubled, late, out of order, or mangled.

use manent_engine::append_api::{HttpAnswer, read_append_answer};
use manent_engine::{Answer, Failure, Input, ItemId, RequestId};
use serde_json::Value;

use super::{Address, Happening, Mode, World};
use crate::server::{Appended, Reply};
use crate::violation::Violation;

impl World {
    /// A request leaves.
    pub(super) fn carry(&mut self, from: Address, request: RequestId, body: Value) {
        let is_lost = self.has_faults && self.chance.per_mille(60);
        if is_lost || self.devices[from.device].is_offline {
            // Lost; half of the time the sender learns it.
            if self.chance.per_mille(500) {
                let after = self.chance.between(1, 2_000);
                self.schedule(after, Happening::Answer(from, request, None));
            }
            return;
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
        for (id, text) in rows {
            let disk = &self.devices[from.device].disk;
            self.ledger.on_row(id, &text, disk.get(id))?;
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
        let input = Input::SeenSaved { id, position: None };
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
                let again = Some(reply.clone());
                self.schedule(later, Happening::Answer(to, request, again));
            }
        }
        let after = self.chance.between(5, 200);
        self.schedule(after, Happening::Answer(to, request, Some(reply)));
    }

    /// HTML, half a document, fewer outcomes, unknown ids, or a doubled list.
    fn mangle(&mut self, reply: &mut Reply) {
        let mut document: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        match self.chance.between(0, 4) {
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
        reply: Option<&Reply>,
    ) -> Result<(), Violation> {
        let answer = match reply {
            None => Answer::Failed(Failure::Infrastructure),
            Some(reply) => read_append_answer(HttpAnswer {
                status: reply.status,
                retry_after_ms: reply.retry_after_ms,
                body: &reply.body,
            }),
        };
        let now = self.now;
        let Some(tab) = self.devices[to.device].tab(to.slot, to.life) else {
            return Ok(());
        };
        let is_awaited = tab.request == Some(request);
        if is_awaited {
            tab.request = None;
            match (&answer, reply.map(|reply| reply.status)) {
                (Answer::Failed(Failure::BackPressure { retry_after_ms }), _) => {
                    tab.pace.on_back_pressure(now, retry_after_ms.unwrap_or(0));
                }
                (_, None | Some(500)) => tab.pace.on_failure(now),
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
