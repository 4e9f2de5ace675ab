//! What one input asked of the store: one transaction, or a part of one, never divided.

use super::WritePosition;
use crate::id::{ItemId, LaneId};
use crate::item::StoredItem;
use crate::stored::StoreOperation;

/// An operation that is not confirmed.
#[derive(Debug, Clone)]
pub(super) struct Unwritten<P> {
    pub(super) position: WritePosition,
    /// The first position of those whose place it took.
    pub(super) since: WritePosition,
    /// It is the first of its input.
    pub(super) begins: bool,
    pub(super) operation: StoreOperation<P>,
}

impl<P> Unwritten<P> {
    /// Whether it is about the lane, or could be.
    pub(super) fn touches(&self, lane: &LaneId) -> bool {
        match &self.operation {
            StoreOperation::PutItem(item) => item.lane == *lane,
            StoreOperation::PutLane(stored) => stored.lane == *lane,
            StoreOperation::PutPace(_) => false,
            StoreOperation::DeleteItem(_) | StoreOperation::Clear => true,
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Step<P> {
    pub(super) operations: Vec<Unwritten<P>>,
    /// In which round it was asked for last.
    pub(super) tried_in: u32,
}

impl<P> Step<P> {
    fn new(operations: Vec<Unwritten<P>>) -> Self {
        Self {
            operations,
            tried_in: 0,
        }
    }

    /// The steps that these operations are.
    pub(super) fn all_of(operations: Vec<Unwritten<P>>) -> Vec<Self> {
        let mut steps: Vec<Self> = Vec::new();
        for unwritten in operations {
            match steps.last_mut() {
                Some(step) if !unwritten.begins => step.operations.push(unwritten),
                _ => steps.push(Self::new(vec![unwritten])),
            }
        }
        steps
    }

    /// Whether both write the same record.
    pub(super) fn collides_with(&self, other: &Self) -> bool {
        self.operations.iter().any(|one| {
            let mut others = other.operations.iter();
            others.any(|other| is_same_record(&one.operation, &other.operation))
        })
    }

    /// Whether both write items of the same lane.
    pub(super) fn shares_a_lane_with(&self, other: &Self) -> bool {
        self.operations.iter().any(|one| {
            let lane = lane_of(&one.operation);
            let mut others = other.operations.iter();
            lane.is_some() && others.any(|other| lane_of(&other.operation) == lane)
        })
    }

    /// Whether it holds content, for which there may be no room.
    pub(super) fn needs_room(&self) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|one| matches!(one.operation, StoreOperation::PutItem(_)))
    }

    /// Takes along what was asked for elsewhere. Of a record that both write the later form is kept.
    pub(super) fn join(&mut self, other: Self) {
        self.tried_in = self.tried_in.max(other.tried_in);
        for mut added in other.operations {
            let mut is_added = true;
            self.operations.retain_mut(|known| {
                if known.position < added.position {
                    let is_kept = !is_replaced(&known.operation, &added.operation);
                    if !is_kept {
                        added.since = added.since.min(known.since);
                    }
                    return is_kept;
                }
                if is_replaced(&added.operation, &known.operation) {
                    known.since = known.since.min(added.since);
                    is_added = false;
                }
                true
            });
            if is_added {
                self.operations.push(added);
            }
        }
        // What stood before the emptying of the store goes with it, also what was asked for in the same step.
        let cleared = self.operations.iter().filter_map(|unwritten| {
            matches!(unwritten.operation, StoreOperation::Clear).then_some(unwritten.position)
        });
        if let Some(cleared) = cleared.max() {
            self.operations
                .retain(|unwritten| unwritten.position >= cleared);
        }
        self.operations
            .sort_unstable_by_key(|unwritten| unwritten.since);
        for (place, unwritten) in self.operations.iter_mut().enumerate() {
            unwritten.begins = place == 0;
        }
    }
}

/// The item whose record this is about.
pub(super) fn item_of<P>(operation: &StoreOperation<P>) -> Option<ItemId> {
    match operation {
        StoreOperation::PutItem(item) => Some(item.id),
        StoreOperation::DeleteItem(id) => Some(*id),
        _ => None,
    }
}

fn lane_of<P>(operation: &StoreOperation<P>) -> Option<&LaneId> {
    match operation {
        StoreOperation::PutItem(item) => Some(&item.lane),
        _ => None,
    }
}

/// Whether the order of the two matters. Emptying the store is about every record.
fn is_same_record<P>(one: &StoreOperation<P>, other: &StoreOperation<P>) -> bool {
    match (one, other) {
        (StoreOperation::Clear, _)
        | (_, StoreOperation::Clear)
        | (StoreOperation::PutPace(_), StoreOperation::PutPace(_)) => true,
        (StoreOperation::PutLane(one), StoreOperation::PutLane(other)) => one.lane == other.lane,
        _ => {
            let item = item_of(one);
            item.is_some() && item == item_of(other)
        }
    }
}

/// Whether the later one can be written in the place of the earlier one. An item that stands elsewhere in its lane now cannot.
fn is_replaced<P>(earlier: &StoreOperation<P>, later: &StoreOperation<P>) -> bool {
    match (earlier, later) {
        (StoreOperation::Clear, later) => matches!(later, StoreOperation::Clear),
        (StoreOperation::PutItem(one), StoreOperation::PutItem(other)) => {
            let place = |item: &StoredItem<P>| (item.id, item.late_rank, item.put_behind);
            place(one) == place(other)
        }
        _ => is_same_record(earlier, later),
    }
}
