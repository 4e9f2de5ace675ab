//! What is on its way to the device's store.
//!
//! Invariants: transactions are written one at a time and in order; a change is durable exactly when the transaction that holds it was
//! confirmed; a refused transaction goes back to the front and is asked for again.

use std::collections::HashMap;

use crate::id::{ItemId, PersistId};
use crate::stored::StoreOperation;

/// The place of an operation among all that were ever asked for; the first has 1.
pub(crate) type WritePosition = u64;

/// See the module.
#[derive(Debug)]
pub(crate) struct WriteLog<P> {
    waiting: Vec<StoreOperation<P>>,
    outstanding: Option<(PersistId, Vec<StoreOperation<P>>)>,
    last_position: WritePosition,
    durable_position: WritePosition,
    /// Items whose removal is not confirmed, each with the position of its last one.
    removing: HashMap<ItemId, WritePosition>,
    last_id: u64,
    refusals: u32,
}

impl<P: Clone> WriteLog<P> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Vec::new(),
            outstanding: None,
            last_position: 0,
            durable_position: 0,
            removing: HashMap::new(),
            last_id: 0,
            refusals: 0,
        }
    }

    /// Asks for a change and tells its position.
    pub(crate) fn push(&mut self, operation: StoreOperation<P>) -> WritePosition {
        self.last_position += 1;
        if let StoreOperation::DeleteItem(id) = &operation {
            self.removing.insert(*id, self.last_position);
        }
        self.waiting.push(operation);
        self.last_position
    }

    /// Whether everything up to this position is durable.
    pub(crate) fn is_durable(&self, position: WritePosition) -> bool {
        position <= self.durable_position
    }

    /// Refusals in a row.
    pub(crate) fn refusals(&self) -> u32 {
        self.refusals
    }

    /// Whether a transaction could be asked for now.
    pub(crate) fn is_ready(&self) -> bool {
        self.outstanding.is_none() && !self.waiting.is_empty()
    }

    /// Whether anything is not yet confirmed.
    pub(crate) fn has_work(&self) -> bool {
        self.outstanding.is_some() || !self.waiting.is_empty()
    }

    /// Whether the store was asked to remove this item and has not confirmed it yet.
    pub(crate) fn is_removing(&self, id: ItemId) -> bool {
        self.removing.contains_key(&id)
    }

    /// The position of the last operation that was asked for.
    pub(crate) fn last_position(&self) -> WritePosition {
        self.last_position
    }

    /// The next transaction, unless one is under way or there is nothing to write.
    pub(crate) fn next(&mut self) -> Option<(PersistId, Vec<StoreOperation<P>>)> {
        if !self.is_ready() {
            return None;
        }
        self.last_id += 1;
        let transaction = (PersistId(self.last_id), std::mem::take(&mut self.waiting));
        self.outstanding = Some(transaction.clone());
        Some(transaction)
    }

    /// A transaction was confirmed: what it wrote, or nothing when it is not the one under way.
    pub(crate) fn confirm(&mut self, id: PersistId) -> Option<Vec<StoreOperation<P>>> {
        let (_, operations) = self.outstanding.take_if(|(current, _)| *current == id)?;
        self.durable_position += operations.len() as u64;
        for operation in &operations {
            if let StoreOperation::DeleteItem(id) = operation
                && self
                    .removing
                    .get(id)
                    .is_some_and(|position| *position <= self.durable_position)
            {
                self.removing.remove(id);
            }
        }
        self.refusals = 0;
        Some(operations)
    }

    /// A transaction was refused; tells whether it was the one under way.
    pub(crate) fn refuse(&mut self, id: PersistId) -> bool {
        let Some((_, mut operations)) = self.outstanding.take_if(|(current, _)| *current == id)
        else {
            return false;
        };
        operations.append(&mut self.waiting);
        self.waiting = operations;
        self.refusals = self.refusals.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durable_is_what_was_confirmed_and_a_refused_transaction_comes_again_in_order() {
        let mut log: WriteLog<()> = WriteLog::new();
        let first = log.push(StoreOperation::Clear);
        let (id, _) = log.next().unwrap();
        let second = log.push(StoreOperation::Clear);
        assert!(log.next().is_none());
        assert!(log.refuse(id));
        assert!(!log.refuse(id));
        let (again, operations) = log.next().unwrap();
        assert_eq!(operations.len(), 2);
        assert!(log.confirm(id).is_none());
        assert!(!log.is_durable(first));
        assert_eq!(log.confirm(again).map(|written| written.len()), Some(2));
        assert!(log.is_durable(first) && log.is_durable(second));
    }
}
