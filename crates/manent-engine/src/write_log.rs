//! What is on its way to the device's store.
//!
//! Invariants:
//! - transactions are written one at a time; a change is durable exactly when the transaction that holds it was confirmed;
//! - what one input asked for is in one transaction, whatever is refused;
//! - while nothing is refused, what was asked for first is written first. After a refusal each input's changes are asked for on their own, so
//!   that what the store has room for is kept; no record goes back to an earlier form by that, and no item becomes durable before an earlier
//!   one of its lane: whoever takes over the lane takes the first that is stored for the first that there was.

mod step;

use std::collections::HashMap;

use crate::id::{ItemId, LaneId, PersistId};
use crate::stored::StoreOperation;
use step::{Step, Unwritten, item_of};

/// The place of an operation among all that were ever asked for; the first has 1.
pub(crate) type WritePosition = u64;

/// So often the store refuses what it had refused before until it is left alone for a while.
const MOST_REFUSALS: u32 = 32;

/// What is under way.
#[derive(Debug)]
enum Outstanding<P> {
    /// What was never refused, and the last position that was asked for before it was taken.
    New(Vec<Unwritten<P>>, WritePosition),
    /// Refused steps, by their places, ascending.
    Again(Vec<usize>),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct WriteLog<P> {
    /// Asked for and never refused.
    waiting: Vec<Unwritten<P>>,
    /// The next operation is the first of its input.
    begins: bool,
    outstanding: Option<(PersistId, Outstanding<P>)>,
    /// In the order in which they were asked for. No two write the same record.
    refused: Vec<Step<P>>,
    /// The positions of what was refused, ascending.
    missing: Vec<WritePosition>,
    /// Everything up to here is durable but for what is missing.
    reached: WritePosition,
    last_position: WritePosition,
    /// Items whose removal is not confirmed, each with the position of its last one.
    removing: HashMap<ItemId, WritePosition>,
    last_id: u64,
    /// The pauses since the store had taken everything.
    pauses: u32,
    round: u32,
    /// Of this round.
    refusals: u32,
    /// So many refused steps are asked for together.
    together: usize,
}

impl<P: Clone> WriteLog<P> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Vec::new(),
            begins: true,
            outstanding: None,
            refused: Vec::new(),
            missing: Vec::new(),
            reached: 0,
            last_position: 0,
            removing: HashMap::new(),
            last_id: 0,
            pauses: 0,
            round: 1,
            refusals: 0,
            together: 1,
        }
    }

    /// What is asked for from now on is independent of what was asked for before.
    pub(crate) fn begin_step(&mut self) {
        self.begins = true;
    }

    /// Asks for a change and tells its position.
    pub(crate) fn push(&mut self, operation: StoreOperation<P>) -> WritePosition {
        self.last_position += 1;
        let position = self.last_position;
        if let StoreOperation::DeleteItem(id) = &operation {
            self.removing.insert(*id, position);
        }
        self.waiting.push(Unwritten {
            position,
            since: position,
            begins: std::mem::take(&mut self.begins),
            operation,
        });
        position
    }

    /// Forgets what was asked for and has not been told to the store yet: somebody else writes these records now.
    pub(crate) fn forget(&mut self, is_anothers: impl Fn(&StoreOperation<P>) -> bool) {
        if self.outstanding.is_some() || !self.refused.is_empty() {
            return;
        }
        let mut begins = false;
        self.waiting.retain_mut(|unwritten| {
            begins |= unwritten.begins;
            let is_kept = !is_anothers(&unwritten.operation);
            if is_kept {
                unwritten.begins = std::mem::take(&mut begins);
            }
            is_kept
        });
        if self.waiting.is_empty() {
            self.reached = self.last_position;
        }
    }

    /// Whether the change at this position is durable.
    pub(crate) fn is_durable(&self, position: WritePosition) -> bool {
        position <= self.reached && self.missing.binary_search(&position).is_err()
    }

    /// Whether everything up to this position is durable.
    pub(crate) fn is_durable_up_to(&self, position: WritePosition) -> bool {
        position <= self.reached && !self.late().any(|late| late.since <= position)
    }

    /// Whether everything about a lane up to this position is durable.
    pub(crate) fn is_lane_durable(&self, lane: &LaneId, position: WritePosition) -> bool {
        let is_missing = |late: &Unwritten<P>| late.since <= position && late.touches(lane);
        position <= self.reached && !self.late().any(is_missing)
    }

    /// What is not durable and was asked for before something that is.
    fn late(&self) -> impl Iterator<Item = &Unwritten<P>> {
        let under_way = match &self.outstanding {
            Some((_, Outstanding::New(operations, _))) if !self.missing.is_empty() => {
                &operations[..]
            }
            _ => &[],
        };
        let refused = self.refused.iter().flat_map(|step| &step.operations);
        refused.chain(under_way)
    }

    /// The pauses since the store had taken everything.
    pub(crate) fn pauses(&self) -> u32 {
        self.pauses
    }

    /// Whether what is under way was refused before.
    pub(crate) fn is_asking_again(&self) -> bool {
        matches!(self.outstanding, Some((_, Outstanding::Again(_))))
    }

    /// Whether anything is not yet confirmed.
    pub(crate) fn has_work(&self) -> bool {
        self.outstanding.is_some() || !self.waiting.is_empty() || !self.refused.is_empty()
    }

    /// Whether the store was asked to remove this item and has not confirmed it yet.
    pub(crate) fn is_removing(&self, id: ItemId) -> bool {
        self.removing.contains_key(&id)
    }

    /// The position of the last operation that was asked for.
    pub(crate) fn last_position(&self) -> WritePosition {
        self.last_position
    }

    /// The next transaction, unless one is under way or there is nothing to write: of what is new, and, where the pause is over, of what was
    /// refused.
    pub(crate) fn next(
        &mut self,
        is_pause_over: bool,
    ) -> Option<(PersistId, Vec<StoreOperation<P>>)> {
        if self.outstanding.is_some() {
            return None;
        }
        if !self.refused.is_empty() && !self.waiting.is_empty() {
            self.hold_back();
        }
        let outstanding = if !self.waiting.is_empty() {
            Outstanding::New(std::mem::take(&mut self.waiting), self.last_position)
        } else if is_pause_over {
            Outstanding::Again(self.to_ask_again()?)
        } else {
            return None;
        };
        let operations = match &outstanding {
            Outstanding::New(operations, _) => operations.iter().map(operation).collect(),
            Outstanding::Again(places) => {
                let steps = places.iter().filter_map(|place| self.refused.get(*place));
                let operations = steps.flat_map(|step| &step.operations);
                operations.map(operation).collect()
            }
        };
        self.last_id += 1;
        let id = PersistId(self.last_id);
        self.outstanding = Some((id, outstanding));
        Some((id, operations))
    }

    /// A transaction was confirmed: what it wrote, or nothing when it is not the one under way.
    pub(crate) fn confirm(&mut self, id: PersistId) -> Option<Vec<StoreOperation<P>>> {
        let (_, outstanding) = self.outstanding.take_if(|(current, _)| *current == id)?;
        let written = match outstanding {
            Outstanding::New(operations, last) => {
                self.reached = last;
                self.note_missing();
                operations
            }
            Outstanding::Again(places) => {
                self.together = self.together.saturating_mul(2);
                let mut written = Vec::new();
                for (place, step) in std::mem::take(&mut self.refused).into_iter().enumerate() {
                    if places.binary_search(&place).is_ok() {
                        written.extend(step.operations);
                    } else {
                        self.refused.push(step);
                    }
                }
                self.note_missing();
                written
            }
        };
        if self.refused.is_empty() {
            self.pauses = 0;
        }
        for Unwritten {
            operation,
            position,
            ..
        } in &written
        {
            if let Some(id) = item_of(operation)
                && self.removing.get(&id).is_some_and(|last| last <= position)
            {
                self.removing.remove(&id);
            }
            if matches!(operation, StoreOperation::Clear) {
                self.removing.retain(|_, last| *last > *position);
            }
        }
        Some(written.into_iter().map(|one| one.operation).collect())
    }

    /// A transaction was refused; tells whether it was the one under way.
    pub(crate) fn refuse(&mut self, id: PersistId) -> bool {
        let Some((_, outstanding)) = self.outstanding.take_if(|(current, _)| *current == id) else {
            return false;
        };
        self.together = 1;
        match outstanding {
            Outstanding::New(operations, last) => {
                self.reached = last;
                for step in Step::all_of(operations) {
                    let joined = self.join_with_refused(step);
                    self.refused.push(joined);
                }
                self.note_missing();
            }
            Outstanding::Again(places) => {
                if let [place] = &places[..]
                    && let Some(step) = self.refused.get_mut(*place)
                {
                    step.tried_in = self.round;
                }
                self.refusals += 1;
            }
        }
        true
    }

    /// Whether the store has to be left alone for a while before it is asked again for what it refused. Everything will be asked for once more
    /// then.
    pub(crate) fn pause(&mut self) -> bool {
        if self.outstanding.is_some() || self.refused.is_empty() {
            return false;
        }
        self.round = self.round.wrapping_add(1);
        self.refusals = 0;
        self.pauses = self.pauses.saturating_add(1);
        true
    }

    /// Keeps what is new and has to follow something that was refused. What needs no room is asked for all the same.
    fn hold_back(&mut self) {
        let mut free: Vec<Unwritten<P>> = Vec::new();
        for step in Step::all_of(std::mem::take(&mut self.waiting)) {
            let mut refused = self.refused.iter();
            let has_to_follow = refused
                .any(|refused| refused.collides_with(&step) || refused.shares_a_lane_with(&step));
            if !has_to_follow {
                free.extend(step.operations);
                continue;
            }
            let joined = self.join_with_refused(step);
            if joined.needs_room() {
                self.refused.push(joined);
            } else {
                free.extend(joined.operations);
            }
        }
        if free.is_empty() {
            self.reached = self.last_position;
        }
        self.waiting = free;
        self.note_missing();
    }

    /// A step with those that write the same records, and with what was asked for between them and itself about the same lanes: all of that is
    /// one step now.
    fn join_with_refused(&mut self, step: Step<P>) -> Step<P> {
        let mut joined = step;
        let mut refused = self.refused.iter();
        let Some(first) = refused.position(|refused| refused.collides_with(&joined)) else {
            return joined;
        };
        let mut apart = self.refused.split_off(first);
        loop {
            let belongs = |refused: &mut Step<P>| {
                refused.collides_with(&joined) || refused.shares_a_lane_with(&joined)
            };
            let more: Vec<Step<P>> = apart.extract_if(.., belongs).collect();
            if more.is_empty() {
                break;
            }
            for earlier in more {
                joined.join(earlier);
            }
        }
        self.refused.append(&mut apart);
        joined
    }

    /// The places of the refused steps that are asked for next in this round.
    fn to_ask_again(&self) -> Option<Vec<usize>> {
        if self.refusals >= MOST_REFUSALS {
            return None;
        }
        let mut chosen: Vec<usize> = Vec::new();
        let mut passed_over: Vec<&Step<P>> = Vec::new();
        for (place, step) in self.refused.iter().enumerate() {
            if chosen.len() >= self.together {
                break;
            }
            let mut earlier = passed_over.iter();
            let has_to_follow = earlier.any(|earlier| earlier.shares_a_lane_with(step));
            if step.tried_in == self.round || has_to_follow {
                passed_over.push(step);
            } else {
                chosen.push(place);
            }
        }
        (!chosen.is_empty()).then_some(chosen)
    }

    fn note_missing(&mut self) {
        let refused = self.refused.iter().flat_map(|step| &step.operations);
        let missing = refused.chain(&self.waiting);
        self.missing = missing
            // What took the place of something that was refused is missing there, until it is written itself.
            .map(|unwritten| match unwritten.position {
                position if position <= self.reached => position,
                _ => unwritten.since,
            })
            .filter(|position| *position <= self.reached)
            .collect();
        self.missing.sort_unstable();
    }
}

fn operation<P: Clone>(unwritten: &Unwritten<P>) -> StoreOperation<P> {
    unwritten.operation.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durable_is_what_was_confirmed_and_a_refused_transaction_comes_again() {
        let mut log: WriteLog<()> = WriteLog::new();
        let pace = |at| {
            StoreOperation::PutPace(crate::stored::StoredPace {
                noted_at: at,
                ..crate::stored::StoredPace::default()
            })
        };
        let first = log.push(pace(1));
        let (id, _) = log.next(true).unwrap();
        log.begin_step();
        let second = log.push(pace(2));
        assert!(log.next(true).is_none());
        assert!(log.refuse(id));
        assert!(!log.refuse(id));
        assert!(log.pause());
        // What needs no room is asked for during a pause as well.
        let (again, operations) = log.next(false).unwrap();
        assert_eq!(operations, [pace(2)], "the later form is what counts");
        assert!(log.confirm(id).is_none());
        assert!(!log.is_durable_up_to(first) && !log.is_durable(first));
        assert!(!log.is_durable(second));
        assert_eq!(log.confirm(again).map(|written| written.len()), Some(1));
        assert!(log.is_durable_up_to(second) && !log.has_work());
    }

    #[test]
    fn nothing_that_was_asked_for_before_the_store_is_emptied_is_written_after_it() {
        let mut log: WriteLog<()> = WriteLog::new();
        let delete = |number| StoreOperation::DeleteItem(ItemId(uuid::Uuid::from_u128(number)));
        log.push(delete(1));
        let (id, _) = log.next(true).unwrap();
        assert!(log.refuse(id) && log.pause());
        log.begin_step();
        log.push(delete(2));
        log.push(StoreOperation::Clear);
        log.push(delete(3));
        let mut written = Vec::new();
        while let Some((id, operations)) = log.next(true) {
            written.extend(operations);
            assert!(log.confirm(id).is_some());
        }
        let clear = written
            .iter()
            .position(|operation| *operation == StoreOperation::Clear);
        let before = written.iter().position(|operation| *operation == delete(2));
        assert!(clear.is_some() && before < clear, "{written:?}");
        assert!(!log.has_work());
    }
}
