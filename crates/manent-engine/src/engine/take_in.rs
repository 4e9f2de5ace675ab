//! What a store held: at the start, or of other engines over the same store.
//!
//! Invariants:
//! - in a lane no pending item stands before the pending one that it builds on;
//! - the items of a lane stand as their one writer counted them, or were put; clocks and the ranks that they give only decide between lanes.
//!   So every engine that reads the same store finds the same order, whoever sent before.

use super::{Engine, Tell};
use crate::history::{HistoryEntry, HistoryStep};
use crate::id::ItemId;
use crate::item::{Fate, StoredItem};
use crate::queue::Item;
use crate::stored::Snapshot;

impl<P: Clone> Engine<P> {
    /// What the store held when the engine was made.
    pub(super) fn restore(&mut self, snapshot: Snapshot<P>) {
        self.restored_pace = snapshot.pace;
        self.take_in(snapshot, false);
        self.tell_changes();
    }

    /// What other engines of the same store left behind or handed over.
    pub(super) fn adopt(&mut self, snapshot: Snapshot<P>) {
        if self.is_signed_out {
            return;
        }
        // Whoever sends knows better.
        if !self.is_leading {
            self.restored_pace = snapshot.pace;
            self.resume_pace();
        }
        self.lets_go = true;
        self.take_in(snapshot, true);
    }

    /// The parents of these items that neither this engine nor the snapshot has: saved, or in the store and not told yet.
    pub fn missing_parents(&self, snapshot: &Snapshot<P>) -> Vec<ItemId> {
        let told: std::collections::HashSet<ItemId> =
            snapshot.items.iter().map(|item| item.id).collect();
        let parents = snapshot.items.iter().filter_map(|item| item.parent);
        let mut missing: Vec<ItemId> = parents
            .filter(|parent| !told.contains(parent) && !self.is_known(*parent))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Whether the engine has the item, or had it and settled it.
    fn is_known(&self, id: ItemId) -> bool {
        // One that is being removed is settled: a reader may still see it.
        self.queue.get(id).is_some() || self.log.is_removing(id) || self.saved.get(id).is_some()
    }

    fn take_in(&mut self, snapshot: Snapshot<P>, is_adopted: bool) {
        let now = self.timeline.now();
        let careful_until = now.saturating_add(self.config.caution_ms);
        for stored in snapshot.lanes {
            let lane = self.queue.lane_mut(&stored.lane);
            lane.applied = lane.applied.max(stored.applied);
            if stored.is_uncertain {
                lane.careful_until = careful_until;
            }
        }
        let (ranked, late) = self.rank(snapshot.items);
        let mut taken = Vec::with_capacity(ranked.len());
        for (rank, stored) in ranked {
            let id = stored.id;
            if self.is_known(id) {
                continue;
            }
            taken.push(id);
            let is_discarded = matches!(stored.fate, Fate::Discarded { .. });
            let maybe_sent = !stored.is_held;
            let mut history = vec![HistoryEntry::new(stored.enqueued_at, HistoryStep::Queued)];
            if is_adopted {
                let at = self.timeline.caller();
                history.push(HistoryEntry::new(at, HistoryStep::Adopted));
            }
            self.queue.insert(Item {
                stored,
                rank,
                written_at: 0,
                is_accepted: true,
                shown: None,
                told: None,
                is_touched: false,
                is_storing: false,
                maybe_sent,
                is_taken_in: true,
                attempts: 0,
                has_given_way: false,
                further_tries: 0,
                history,
            });
            if is_discarded {
                self.schedule_removal(id);
            }
        }
        for id in late {
            self.requeue(id, Tell::WhenDurable);
        }
        for id in taken.iter().copied() {
            self.put_behind_parent(id);
            let children: Vec<ItemId> = self
                .queue
                .children(id)
                .map(|child| child.stored.id)
                .collect();
            for child in children {
                self.put_behind_parent(child);
            }
        }
        // Whoever has them taken in asks where they stand.
        for id in taken {
            if let Some(standing) = self.queue.get(id).map(|item| self.standing(item)) {
                self.queue.set_told(id, standing);
            }
        }
    }

    /// Gives new items their ranks, and others that have to stand behind them. Tells which are to be put behind everything: what may be on
    /// the way keeps its number, so nothing is put before it; and what is told later was written later.
    fn rank(&mut self, items: Vec<StoredItem<P>>) -> (Vec<(u64, StoredItem<P>)>, Vec<ItemId>) {
        let mut ranked: Vec<(u64, StoredItem<P>)> = items
            .into_iter()
            .filter(|item| !self.is_known(item.id))
            .map(|item| (item.late_rank.unwrap_or(item.order), item))
            .collect();
        ranked.sort_unstable_by(|(_, one), (_, other)| {
            let lanes = one.lane.cmp(&other.lane);
            lanes.then_with(|| one.place_in_lane().cmp(&other.place_in_lane()))
        });
        let mut late = Vec::new();
        let mut moved = Vec::new();
        for lane in ranked.chunk_by_mut(|(_, one), (_, other)| one.lane == other.lane) {
            let Some((_, first)) = lane.first() else {
                continue;
            };
            let (last, mut after) = self.queue.end_of(&first.lane);
            let limit = last.map(|item| item.stored.place_in_lane());
            let mut rank_before = last.map(|item| item.rank);
            for (rank, item) in lane {
                if item.fate != Fate::Pending {
                    continue;
                }
                let place = item.place_in_lane();
                if limit.is_some_and(|limit| place < limit) {
                    late.push(item.id);
                    continue;
                }
                while let Some(next) = after.pop_if(|next| next.stored.place_in_lane() < place) {
                    let next_rank = rank_behind(next.rank, rank_before);
                    moved.push((next.stored.id, next_rank));
                    rank_before = Some(next_rank);
                }
                *rank = rank_behind(*rank, rank_before);
                rank_before = Some(*rank);
            }
            while let Some(next) = after.pop() {
                let next_rank = rank_behind(next.rank, rank_before);
                moved.push((next.stored.id, next_rank));
                rank_before = Some(next_rank);
            }
        }
        for (id, rank) in moved {
            self.queue.set_rank(id, rank);
        }
        ranked.sort_unstable_by_key(|(rank, item)| (*rank, item.order, item.id));
        (ranked, late)
    }

    /// Moves a pending item that stands before the one of its lane that it builds on behind it, and along with it what builds on it.
    pub(super) fn put_behind_parent(&mut self, id: ItemId) {
        let stands_before = self.queue.get(id).is_some_and(|item| {
            item.stored.fate == Fate::Pending
                && self.queue.pending_parent(item).is_some_and(|parent| {
                    parent.stored.lane == item.stored.lane && item.place() < parent.place()
                })
        });
        if !stands_before {
            return;
        }
        self.move_along_to_end(id);
    }

    /// Moves a pending item behind everything else, and along with it what builds on it.
    pub(super) fn move_along_to_end(&mut self, id: ItemId) {
        let mut moving = vec![id];
        moving.extend(
            self.queue
                .descendants(id, |item| item.stored.fate == Fate::Pending),
        );
        for id in moving {
            self.move_to_end(id);
        }
    }

    /// Moves a pending item behind everything else; while a request with it is under way, when that one ended.
    pub(super) fn move_to_end(&mut self, id: ItemId) {
        let Some(item) = self.queue.get(id) else {
            return;
        };
        if item.stored.fate != Fate::Pending {
            return;
        }
        if let Some(sent) = &mut self.in_flight
            && sent.ids.contains(&id)
        {
            sent.moving.push(id);
            return;
        }
        let (lane, maybe_sent) = (item.stored.lane.clone(), item.maybe_sent);
        self.requeue(id, Tell::WhenDurable);
        self.gate_lane_of(id);
        if maybe_sent {
            self.be_careful_with(&lane);
        }
    }
}

/// The rank nearest to this one that is behind another.
fn rank_behind(rank: u64, before: Option<u64>) -> u64 {
    before.map_or(rank, |before| rank.max(before.saturating_add(1)))
}
