//! What the user decides about items in the tray.
//!
//! Invariants:
//! - a decision is told when the store confirmed it: whoever was told keeps what was told through any crash;
//! - an item sent again keeps its id, and what was blocked by it follows it in order.

use super::{Engine, Tell};
use crate::history::HistoryStep;
use crate::id::ItemId;
use crate::item::{Change, FailReason, Fate, NewItem};
use crate::port::CommandError;

impl<P: Clone> Engine<P> {
    pub(super) fn resend(&mut self, failed: ItemId, replacement: NewItem<P>) {
        if self.queue.fail_reason(failed).is_none() {
            return self.refuse(failed, CommandError::NotInTray);
        }
        self.enqueue(replacement, Some(failed));
    }

    pub(super) fn retry(&mut self, id: ItemId, change: Option<Change<P>>) {
        if let Err(error) = self.check_retry(id, change.as_ref()) {
            return self.refuse(id, error);
        }
        if let Some(change) = change {
            self.queue.set_parent(id, change.parent);
            if let Some(item) = self.queue.get_mut(id) {
                item.stored.payload = change.payload;
                item.stored.size_bytes = change.size_bytes;
            }
            self.note_step(id, HistoryStep::Edited);
        }
        // A pending one may wait for the server to say that it is blocked: it goes along, or it would stand before what it builds on.
        let followers = self.queue.descendants(id, |item| {
            matches!(
                item.stored.fate,
                Fate::Pending
                    | Fate::Failed {
                        reason: FailReason::Blocked { .. }
                    }
            )
        });
        self.send_again(id);
        for follower in followers {
            if self.queue.is_pending(follower) {
                self.move_to_end(follower);
            } else {
                self.send_again(follower);
            }
        }
    }

    pub(super) fn send_again(&mut self, id: ItemId) {
        self.note_step(id, HistoryStep::Retried);
        let waits = !self.is_leading || self.is_kept_waiting();
        if let Some(item) = self.queue.get_mut(id) {
            item.stored.is_held = waits && !item.maybe_sent;
        }
        self.requeue(id, Tell::WhenDurable);
    }

    fn check_retry(&self, id: ItemId, change: Option<&Change<P>>) -> Result<(), CommandError> {
        if self.is_signed_out {
            return Err(CommandError::SignedOut);
        }
        let item = self.queue.get(id).ok_or(CommandError::NotInTray)?;
        let Fate::Failed { reason } = &item.stored.fate else {
            return Err(CommandError::NotInTray);
        };
        if *reason == FailReason::Conflict {
            return Err(CommandError::NeedsNewId);
        }
        let size_bytes = change.map_or(item.stored.size_bytes, |change| change.size_bytes);
        let limit_bytes = self.config.max_item_bytes;
        if size_bytes > limit_bytes {
            return Err(CommandError::TooLarge { limit_bytes });
        }
        let parent = match change {
            Some(change) => change.parent,
            None => item.stored.parent,
        };
        let Some(parent) = parent else {
            return Ok(());
        };
        let builds_on_itself = parent == id || {
            let descendants = self.queue.descendants(id, |_| true);
            descendants.contains(&parent)
        };
        if builds_on_itself || self.queue.fail_reason(parent).is_some() {
            return Err(CommandError::ParentFailed);
        }
        Ok(())
    }

    pub(super) fn discard(&mut self, id: ItemId) {
        let Some(Fate::Failed { reason }) = self.queue.get(id).map(|item| item.stored.fate.clone())
        else {
            return self.refuse(id, CommandError::NotInTray);
        };
        self.note_step(id, HistoryStep::Discarded);
        self.change_fate(id, Fate::Discarded { reason }, Tell::WhenDurable);
        self.schedule_removal(id);
    }

    pub(super) fn schedule_removal(&mut self, id: ItemId) {
        let deadline = self.timeline.now().saturating_add(self.config.undo_ms);
        self.discards.insert((deadline, id));
    }

    pub(super) fn undo(&mut self, id: ItemId) {
        let fate = self.queue.get(id).map(|item| item.stored.fate.clone());
        let Some(Fate::Discarded { reason }) = fate else {
            return self.refuse(id, CommandError::NotInTray);
        };
        self.discards.retain(|(_, other)| *other != id);
        self.note_step(id, HistoryStep::Undone);
        self.change_fate(id, Fate::Failed { reason }, Tell::WhenDurable);
    }
}
