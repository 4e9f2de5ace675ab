//! What is on its way to the device's store.
//!
//! Invariants: transactions are written one at a time and in order; a change is durable exactly when the transaction that holds it was
//! confirmed; a refused transaction goes back to the front and is asked for again.

use manent_types::RunId;

use super::port::AnswerOperation;
use crate::id::PersistId;

/// The place of an operation among all that were ever asked for; the first has 1. What the store held at the start has 0.
pub(super) type Position = u64;

/// See the module.
#[derive(Debug)]
pub(super) struct Records<P> {
    waiting: Vec<AnswerOperation<P>>,
    outstanding: Option<(PersistId, Vec<AnswerOperation<P>>)>,
    last: Position,
    durable: Position,
    last_id: u64,
    refusals: u32,
}

impl<P: Clone> Records<P> {
    pub(super) const fn new() -> Self {
        Self {
            waiting: Vec::new(),
            outstanding: None,
            last: 0,
            durable: 0,
            last_id: 0,
            refusals: 0,
        }
    }

    /// Asks for a change and tells its place.
    pub(super) fn push(&mut self, operation: AnswerOperation<P>) -> Position {
        self.waiting.push(operation);
        self.last += 1;
        self.last
    }

    pub(super) const fn is_durable(&self, position: Position) -> bool {
        position <= self.durable
    }

    /// Refusals in a row.
    pub(super) const fn refusals(&self) -> u32 {
        self.refusals
    }

    /// Whether everything is confirmed.
    pub(super) const fn is_idle(&self) -> bool {
        self.outstanding.is_none() && self.waiting.is_empty()
    }

    /// Whether the store was asked to remove this answer and has not confirmed it yet.
    pub(super) fn is_removing(&self, run: RunId) -> bool {
        let under_way = self.outstanding.iter().flat_map(|(_, written)| written);
        let mut all = under_way.chain(&self.waiting);
        all.any(|operation| matches!(operation, AnswerOperation::Delete(other) if *other == run))
    }

    /// The next transaction, unless one is under way or there is nothing to write.
    pub(super) fn next(&mut self) -> Option<(PersistId, Vec<AnswerOperation<P>>)> {
        if self.outstanding.is_some() || self.waiting.is_empty() {
            return None;
        }
        self.last_id += 1;
        let transaction = (PersistId(self.last_id), std::mem::take(&mut self.waiting));
        self.outstanding = Some(transaction.clone());
        Some(transaction)
    }

    /// A transaction was confirmed; tells whether it was the one under way.
    pub(super) fn confirm(&mut self, id: PersistId) -> bool {
        let Some((_, written)) = self.outstanding.take_if(|(current, _)| *current == id) else {
            return false;
        };
        self.durable += written.len() as u64;
        self.refusals = 0;
        true
    }

    /// A transaction was refused; tells whether it was the one under way.
    pub(super) fn refuse(&mut self, id: PersistId) -> bool {
        let Some((_, mut refused)) = self.outstanding.take_if(|(current, _)| *current == id) else {
            return false;
        };
        refused.append(&mut self.waiting);
        self.waiting = refused;
        self.refusals = self.refusals.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_change_is_durable_once_its_transaction_was_confirmed_and_not_before() {
        let delete = |number| AnswerOperation::Delete(RunId::new(Uuid::from_u128(number)));
        let mut records: Records<()> = Records::new();
        let first = records.push(delete(1));
        let (id, _) = records.next().unwrap();
        let second = records.push(delete(2));
        assert_eq!(records.next(), None);
        assert!(records.refuse(id) && !records.refuse(id));
        let (again, operations) = records.next().unwrap();
        assert_eq!(operations, vec![delete(1), delete(2)]);
        assert!(!records.confirm(id));
        assert!(!records.is_durable(first));
        assert!(records.confirm(again));
        assert!(records.is_durable(second) && records.is_idle());
    }
}
