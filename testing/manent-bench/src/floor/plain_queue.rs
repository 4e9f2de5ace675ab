//! An outbox without promises: a queue, a map of what is in it, and requests of up to 200 items.
//!
//! It does the bookkeeping that any outbox has to do, over the same items: write each item down, send copies, take out what was stored, delete
//! the records. There are no lanes, numbers, states, back-off or history in it, and no check.

use std::collections::{HashMap, VecDeque};

use manent_engine::{ItemId, NewItem, Record, StoreOperation, StoredItem};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// As many items as a request may have.
const BATCH_ITEMS: usize = 200;

/// See the module.
#[derive(Debug)]
pub(crate) struct PlainQueue<P> {
    order: VecDeque<ItemId>,
    items: HashMap<ItemId, StoredItem<P>>,
    next_order: u64,
}

impl<P: Clone + Serialize + DeserializeOwned> PlainQueue<P> {
    pub(crate) fn new() -> Self {
        Self {
            order: VecDeque::new(),
            items: HashMap::new(),
            next_order: 0,
        }
    }

    /// What a device's records held.
    ///
    /// # Errors
    /// When a record is none.
    pub(crate) fn restore<'text>(
        records: impl IntoIterator<Item = &'text str>,
    ) -> anyhow::Result<Self> {
        let mut stored: Vec<StoredItem<P>> = Vec::new();
        for text in records {
            if let Record::Item(item) = Record::decode(text)? {
                stored.push(item);
            }
        }
        stored.sort_by_key(|item| item.order);
        let mut queue = Self::new();
        for item in stored {
            queue.order.push_back(item.id);
            queue.items.insert(item.id, item);
        }
        Ok(queue)
    }

    /// Takes an item, and gives what is to be written.
    pub(crate) fn enqueue(&mut self, new: NewItem<P>) -> Vec<StoreOperation<P>> {
        self.next_order += 1;
        let stored = StoredItem {
            id: new.id,
            lane: new.lane,
            order: self.next_order,
            late_rank: None,
            put_behind: None,
            parent: new.parent,
            payload: new.payload,
            size_bytes: new.size_bytes,
            trace: new.trace,
            enqueued_at: 0,
            is_held: false,
            fate: manent_engine::Fate::Pending,
        };
        self.order.push_back(stored.id);
        let operation = StoreOperation::PutItem(stored.clone());
        self.items.insert(stored.id, stored);
        vec![operation]
    }

    /// The next request.
    pub(crate) fn request(&self) -> Vec<(ItemId, P)> {
        let next = self.order.iter().take(BATCH_ITEMS);
        next.filter_map(|id| Some((*id, self.items.get(id)?.payload.clone())))
            .collect()
    }

    /// These are stored: gives what is to be written.
    pub(crate) fn settle(&mut self, stored: &[ItemId]) -> Vec<StoreOperation<P>> {
        for id in stored {
            self.items.remove(id);
        }
        let items = &self.items;
        while self.order.front().is_some_and(|id| !items.contains_key(id)) {
            self.order.pop_front();
        }
        stored
            .iter()
            .copied()
            .map(StoreOperation::DeleteItem)
            .collect()
    }
}
