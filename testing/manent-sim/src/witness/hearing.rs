//! What the engine says.

use manent_engine::append_api::MessagePayload;
use manent_engine::{
    Batch, Event, Failure, HistoryStep, ItemId, ItemState, Output, RequestId,
    SAVED_ITEMS_REMEMBERED, StoreOperation, StoredPace,
};

use super::{Surroundings, ToldPace, UnderWay, Watched, Witness, disobeyed, untrue};
use crate::violation::Violation;

impl Witness {
    /// The engine said something.
    pub(crate) fn on_output(
        &mut self,
        engine: &Watched,
        output: &Output<MessagePayload>,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        match output {
            Output::Send(request, batch) => self.on_send(engine, *request, batch, around),
            Output::Cancel(request) => {
                let ended = self.under_way.take_if(|sent| sent.request == *request);
                if let Some(ended) = ended {
                    for (id, _) in &ended.items {
                        self.expect_entry(*id, HistoryStep::Answered);
                        self.step.ended.push(*id);
                    }
                    if self.step.breaks_off {
                        self.waits.on_abandoned(around.now);
                    } else {
                        self.failed_syncs += 1;
                        let failure = Failure::Infrastructure;
                        self.waits.on_failed(&failure, ended.began, around.now);
                    }
                }
                Ok(())
            }
            Output::WakeAt(at) => {
                self.last_wake = Some(*at);
                Ok(())
            }
            Output::Notify(event) => self.on_event(engine, event),
            Output::Persist(_, operations) => self.on_writing(operations, around),
        }
    }

    /// The pace is written when it changed, and not otherwise.
    fn on_writing(
        &mut self,
        operations: &[StoreOperation<MessagePayload>],
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        let now = around.caller_now;
        for operation in operations {
            let StoreOperation::PutPace(pace) = operation else {
                continue;
            };
            let meaning = |pace: &StoredPace| {
                let patience = pace.patience_until.filter(|until| *until > now);
                (pace.open_until, pace.openings, patience)
            };
            let before = self.pace.replace(*pace).filter(|_| !self.is_refusing);
            if before.is_some_and(|before| meaning(&before) == meaning(pace)) {
                return disobeyed("the pace is written again as it was".to_owned());
            }
        }
        Ok(())
    }

    fn on_event(&mut self, engine: &Watched, event: &Event) -> Result<(), Violation> {
        match event {
            Event::Item { id, state } => {
                if self.step.is_signing_out {
                    // What was told of it is forgotten by now.
                } else if let ItemState::Saved { position } = state {
                    self.step.saved.push(*id);
                    self.remember_saved(*id, *position);
                    let last = engine.history(*id).last().map(|entry| entry.step);
                    if last != Some(HistoryStep::Saved) {
                        return untrue(format!(
                            "{id} was saved, and its history ends with {last:?}"
                        ));
                    }
                } else {
                    self.seen.entry(*id).or_default().told = Some(state.clone());
                }
            }
            Event::Pace { wait } => {
                self.step.told_pace = Some(ToldPace(*wait));
                // The page asks for each again.
                for (id, seen) in &mut self.seen {
                    seen.told = engine.state(*id);
                }
            }
            Event::Refused { id, error } => self.step.refused = Some((*id, *error)),
            Event::Removed { id } => {
                if !self.leaving.remove(id) {
                    return untrue(format!("{id} was called removed, and had not been there"));
                }
            }
            Event::Metrics(told) => {
                let shown = engine.metrics();
                // They were told in the middle of the step.
                if told.successful_syncs != shown.successful_syncs
                    || told.failed_syncs != shown.failed_syncs
                {
                    return untrue(format!("told {told:?}, shown {shown:?}"));
                }
            }
            Event::StorageRefused { .. } => self.is_refusing = true,
            Event::StorageRecovered => {
                if !std::mem::take(&mut self.is_refusing) {
                    return untrue("the store recovered from nothing".to_owned());
                }
            }
            Event::SignOutNeedsConfirmation { queued, failed } => {
                self.step.asked_confirmation = Some((*queued, *failed));
            }
            Event::SignedOut => {
                let signs_in = self.emptying.take();
                self.is_signed_out = signs_in == Some(false);
            }
            Event::LaneMoved { .. } | Event::InvariantHeld(_) => {}
        }
        Ok(())
    }

    fn remember_saved(&mut self, id: ItemId, position: Option<u64>) {
        self.saved.retain(|(other, _)| *other != id);
        self.saved.push_back((id, position));
        if self.saved.len() > SAVED_ITEMS_REMEMBERED {
            self.saved.pop_front();
        }
    }

    pub(super) fn is_remembered(&self, id: ItemId) -> bool {
        self.saved.iter().any(|(other, _)| *other == id)
    }

    fn on_send(
        &mut self,
        engine: &Watched,
        request: RequestId,
        batch: &Batch<MessagePayload>,
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        self.step.has_sent = true;
        if !self.is_leading || self.is_signed_out {
            return disobeyed("a request of one that does not lead, or is signed out".to_owned());
        }
        self.check_batch(engine, batch)?;
        self.waits
            .check_send(batch, around.now, around.caller_now)?;
        for item in &batch.items {
            let seen = self.seen.entry(item.id).or_default();
            seen.attempts += 1;
            // One that was taken in just now and is sent was not kept back.
            let is_taken_in = self.step.is_adopting && seen.entries == 0;
            seen.maybe_sent_before = seen.maybe_sent || is_taken_in;
            seen.maybe_sent = true;
            if item.attempt != seen.attempts {
                let (told, true_one) = (item.attempt, seen.attempts);
                return untrue(format!("{}: attempt {told} is number {true_one}", item.id));
            }
            self.retry_attempts += u64::from(item.attempt > 1);
            self.expect_entry(item.id, HistoryStep::Sent);
        }
        self.waits.on_sent(around.now);
        self.under_way = Some(UnderWay {
            request,
            items: batch
                .items
                .iter()
                .map(|item| (item.id, item.lane.clone()))
                .collect(),
            began: around.now,
        });
        Ok(())
    }
}
