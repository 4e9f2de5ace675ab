//! What whoever shows the outbox is told.
//!
//! Invariant: after each step a page that heard every event, and asks at [`Event::Pace`] for each item that is to be sent and in no request,
//! shows what the engine shows. No code that changes an item tells of it: where an item stands is reckoned anew ([`Engine::standing`]) for
//! each that was touched, and told where it differs from what was told last.

use super::Engine;
use crate::id::ItemId;
use crate::item::{ItemState, WaitReason};
use crate::port::{CommandError, Event, Output};

impl<P: Clone> Engine<P> {
    pub(super) fn notify(&mut self, event: Event) {
        self.outputs.push_back(Output::Notify(event));
    }

    /// Tells where items stand that stand elsewhere than was last told: of those of which something changed, and of those in other lanes that
    /// build on them. Where an item stands follows from nothing else, but for what holds up the whole queue.
    pub(super) fn tell_changes(&mut self) {
        for id in self.changed_items() {
            self.tell_change(id);
        }
    }

    /// The same where it may be about all items: those that are to be sent and in no request are told by one word.
    pub(super) fn tell_changes_together(&mut self) {
        for id in self.changed_items() {
            let Some(item) = self.queue.get(id) else {
                continue;
            };
            let standing = self.standing(item);
            if is_told_together(&standing) && item.told.as_ref().is_some_and(is_told_together) {
                self.queue.set_told(id, standing);
            } else {
                self.tell_change(id);
            }
        }
        self.announce_pace(self.pacer.wait_reason(self.timeline.now()));
    }

    /// The items that may stand elsewhere than when this was last asked.
    fn changed_items(&mut self) -> Vec<ItemId> {
        let touched = self.queue.take_touched();
        let mut changed = Vec::with_capacity(touched.len());
        for id in touched {
            let Some(item) = self.queue.get(id) else {
                continue;
            };
            changed.push(id);
            let children = self.queue.children(id);
            let elsewhere = children.filter(|child| child.stored.lane != item.stored.lane);
            changed.extend(elsewhere.map(|child| child.stored.id));
        }
        changed
    }

    fn tell_change(&mut self, id: ItemId) {
        let Some(item) = self.queue.get(id) else {
            return;
        };
        let standing = self.standing(item);
        if item.told.as_ref() == Some(&standing) {
            return;
        }
        let state = self.with_pace(standing.clone());
        self.queue.set_told(id, standing);
        let wait = self.pacer.wait_reason(self.timeline.now());
        self.told.is_otherwise |= wait != self.told.wait;
        self.notify(Event::Item { id, state });
    }

    /// Tells what holds up the queue, when that changed.
    pub(super) fn tell_pace(&mut self) {
        let wait = self.pacer.wait_reason(self.timeline.now());
        if std::mem::take(&mut self.told.is_otherwise) || wait != self.told.wait {
            self.announce_pace(wait);
        }
    }

    fn announce_pace(&mut self, wait: Option<WaitReason>) {
        self.told.wait = wait;
        let wait = wait.map(|wait| self.by_callers_clock(wait));
        self.notify(Event::Pace { wait });
    }

    pub(super) fn refuse(&mut self, id: ItemId, error: CommandError) {
        self.notify(Event::Refused { id, error });
    }
}

/// Whether an item that stands here is to be sent and in no request: [`Event::Pace`] is about all of these.
fn is_told_together(standing: &ItemState) -> bool {
    matches!(
        standing,
        ItemState::Storing | ItemState::Queued | ItemState::Waiting(_)
    )
}
