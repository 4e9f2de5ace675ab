//! The device's store: what was confirmed, what was refused, what was lost.
//!
//! Invariant: whatever the store does, what it should hold is in memory until it holds it.

use super::{Engine, Tell};
use crate::back_off::full_jitter;
use crate::history::HistoryStep;
use crate::id::{ItemId, LaneId, PersistId};
use crate::item::Fate;
use crate::pacer::PaceMark;
use crate::port::{Event, Output};
use crate::queue::Shown;
use crate::stored::{StoreOperation, StoredPace};
use crate::time::Millis;
use crate::write_log::WritePosition;

impl<P: Clone> Engine<P> {
    /// Asks the store for the next transaction. For what it refused it is not asked during a pause.
    pub(super) fn ask_store(&mut self) {
        let now = self.timeline.now();
        self.write_again_at.take_if(|at| *at <= now);
        let is_pause_over = self.write_again_at.is_none();
        match self.log.next(is_pause_over) {
            Some((id, operations)) => self.outputs.push_back(Output::Persist(id, operations)),
            None if is_pause_over => self.pause_store(),
            None => {}
        }
    }

    /// Leaves the store alone with what it refused for a while.
    fn pause_store(&mut self) {
        if !self.log.pause() {
            return;
        }
        let attempts = self.log.pauses();
        let (base, cap) = (self.config.backoff_ms, self.config.backoff_cap_ms);
        let wait = full_jitter(&mut self.rng, attempts, base, cap).max(1);
        self.write_again_at = Some(self.timeline.now().saturating_add(wait));
        self.notify(Event::StorageRefused { attempts });
    }

    pub(super) fn on_persisted(&mut self, id: PersistId) {
        let had_refusals = self.log.pauses() > 0;
        let Some(written) = self.log.confirm(id) else {
            return;
        };
        if had_refusals && self.log.pauses() == 0 {
            self.write_again_at = None;
            self.notify(Event::StorageRecovered);
        }
        for operation in written {
            match operation {
                StoreOperation::PutItem(stored) => self.on_item_durable(stored.id),
                StoreOperation::DeleteItem(id) => {
                    let is_gone = !self.log.is_removing(id);
                    if is_gone && self.removals.remove(&id) && self.queue.get(id).is_none() {
                        self.notify(Event::Removed { id });
                    }
                }
                StoreOperation::Clear => self.on_emptied(),
                StoreOperation::PutLane(_) | StoreOperation::PutPace(_) => {}
            }
        }
        let is_rewritten = |position: &mut WritePosition| self.log.is_durable_up_to(*position);
        if self.rewriting_until.take_if(is_rewritten).is_some() {
            self.tell_changes_together();
        }
    }

    fn on_item_durable(&mut self, id: ItemId) {
        let Some(item) = self.queue.get_mut(id) else {
            return;
        };
        if !self.log.is_durable(item.written_at) {
            return;
        }
        let was_decided = item.shown.take().is_some();
        let is_new = !std::mem::replace(&mut item.is_accepted, true);
        if is_new || was_decided {
            // Told also where it stands as before: whoever decided waits for that.
            item.told = None;
        }
        self.queue.set_storing(id, false);
        if is_new {
            self.note_step(id, HistoryStep::Stored);
        }
    }

    pub(super) fn on_persist_failed(&mut self, id: PersistId) {
        let was_asked_again = self.log.is_asking_again();
        if self.log.refuse(id) && !was_asked_again && self.write_again_at.is_none() {
            self.pause_store();
        }
    }

    /// Writes an item's present form.
    pub(super) fn write(&mut self, id: ItemId) {
        let Some(item) = self.queue.get_mut(id) else {
            return;
        };
        let stored = item.stored.clone();
        item.written_at = self.log.push(StoreOperation::PutItem(stored));
        let is_pending = item.stored.fate == Fate::Pending;
        let was_safe = item.is_accepted && matches!(item.shown, Some(Shown::As(_)));
        let is_storing = is_pending && !was_safe;
        self.queue.set_storing(id, is_storing);
    }

    /// Has everything written again.
    pub(super) fn on_storage_lost(&mut self) {
        if self.is_signed_out {
            return;
        }
        let ids: Vec<ItemId> = self.queue.all().map(|item| item.stored.id).collect();
        for id in ids {
            // The form in which it was safe is gone as well.
            if let Some(item) = self.queue.get_mut(id)
                && item.shown == Some(Shown::As(Fate::Pending))
            {
                item.shown = Some(Shown::Storing);
            }
            self.log.begin_step();
            self.write(id);
        }
        let now = self.timeline.now();
        let lanes: Vec<LaneId> = self.queue.lanes_mut().map(|(id, _)| id.clone()).collect();
        for lane in lanes {
            let stored = self.queue.stored_lane(&lane, now);
            if stored.applied > 0 || stored.is_uncertain {
                self.log.begin_step();
                self.log.push(StoreOperation::PutLane(stored));
            }
        }
        self.noted_pace = PaceMark::default();
        self.note_pace();
        let gate = self.log.last_position();
        for (_, lane) in self.queue.lanes_mut() {
            lane.gate = gate;
        }
        self.rewriting_until = Some(gate);
        self.tell_changes_together();
    }

    /// Takes over the pace that the store held, as soon as the time is known.
    pub(super) fn resume_pace(&mut self) {
        let Some(stored) = self.restored_pace.take() else {
            return;
        };
        let now = self.timeline.now();
        let own = |at: Millis| self.timeline.to_own(at, stored.noted_at);
        let mark = PaceMark {
            opened: stored.open_until.map(|at| (own(at), stored.openings)),
            floor: stored.patience_until.map(own).filter(|floor| *floor > now),
        };
        self.pacer.restore(mark, now);
        // What the store holds; what this engine makes of it is noted when it differs.
        self.noted_pace = mark;
    }

    /// Has the pace written, when a restart should know of a change. Only the engine that sends knows the pace.
    pub(super) fn note_pace(&mut self) {
        if !self.is_leading || self.is_signed_out {
            return;
        }
        let now = self.timeline.now();
        let mark = self.pacer.mark(now);
        let noted = PaceMark {
            floor: self.noted_pace.floor.filter(|floor| *floor > now),
            ..self.noted_pace
        };
        if mark == noted {
            return;
        }
        self.noted_pace = mark;
        let at = |own| self.timeline.to_caller(own);
        // It needs no room, and waits for nothing that does.
        self.log.begin_step();
        self.log.push(StoreOperation::PutPace(StoredPace {
            noted_at: self.timeline.caller(),
            open_until: mark.opened.map(|(until, _)| at(until)),
            openings: mark.opened.map_or(0, |(_, openings)| openings),
            patience_until: mark.floor.map(at),
        }));
        self.log.begin_step();
    }

    /// Moves a pending item, or one from the tray, behind everything else.
    pub(super) fn requeue(&mut self, id: ItemId, tell: Tell) {
        self.keep_shown(id, tell);
        self.queue.requeue(id, self.timeline.caller());
        self.write(id);
    }
}
