//! What the outbox tells, and who is told.

use manent_engine::{CommandError, Event, ItemId, ItemState};
use manent_types::{ConversationId, MessageId};

use super::super::status::SaveStatus;
use super::{Driver, Waiter};
use crate::error::QueueError;
use crate::store::StorageWarning;

impl Driver {
    pub(super) fn on_event(&mut self, event: Event) {
        match event {
            Event::Item { id, state } => self.on_item(id, state),
            Event::Pace { wait } => self.wait = wait,
            Event::Removed { id } => {
                self.lanes.remove(&id);
            }
            Event::Refused { id, error } => self.on_refused(id, error),
            Event::Metrics(metrics) => {
                if let Some(listener) = &self.shared.on_metrics {
                    listener(&metrics);
                }
            }
            Event::LaneMoved { from, to, .. } => {
                tracing::info!(from, to, "the server counts a lane from elsewhere");
            }
            Event::StorageRefused { attempts } => {
                let reason = self.writes.refusal().to_owned();
                self.warn(StorageWarning::Refused { attempts, reason });
            }
            Event::StorageRecovered => self.warn(StorageWarning::Recovered),
            Event::SignOutNeedsConfirmation { queued, failed } => {
                for reply in self.sign_outs.drain(..) {
                    let _ = reply.send(Err(QueueError::WouldLose { queued, failed }));
                }
            }
            Event::SignedOut => {
                self.lanes.clear();
                for reply in self.sign_outs.drain(..) {
                    let _ = reply.send(Ok(()));
                }
            }
            Event::InvariantHeld(which) => {
                tracing::error!(which, "the outbox caught itself about to break a promise");
            }
        }
    }

    fn on_item(&mut self, id: ItemId, state: ItemState) {
        let mut rest = Vec::with_capacity(self.waiters.len());
        for waiter in self.waiters.drain(..) {
            if waiter.id == id && waiter.expect.is_met(&state) {
                let _ = waiter.reply.send(Ok(()));
            } else {
                rest.push(waiter);
            }
        }
        self.waiters = rest;
        let Some(lane) = self.lanes.get(&id) else {
            return;
        };
        let status = SaveStatus {
            message_id: MessageId::new(id.0),
            conversation_id: ConversationId::new(lane.stream),
            state,
        };
        if matches!(status.state, ItemState::Saved { .. }) {
            self.lanes.remove(&id);
        }
        // Nobody listens, perhaps.
        let _ = self.shared.statuses.send(status);
    }

    fn on_refused(&mut self, id: ItemId, error: CommandError) {
        if self.engine.state(id).is_none() {
            self.lanes.remove(&id);
        }
        let is_about =
            |waiter: &Waiter| waiter.id == id || waiter.replaces.is_some_and(|other| other == id);
        let Some(place) = self.waiters.iter().rposition(is_about) else {
            return;
        };
        let waiter = self.waiters.remove(place);
        // Taken before is as good as taken.
        let result = match error {
            CommandError::IdInUse => Ok(()),
            other => Err(other.into()),
        };
        let _ = waiter.reply.send(result);
    }

    pub(super) fn warn(&self, warning: StorageWarning) {
        // Nobody listens, perhaps.
        let _ = self.shared.warnings.send(warning);
    }
}
