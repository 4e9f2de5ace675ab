//! What a request holds.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Batch, LaneId, StoredItem};

use super::views::{is_pending, place};
use super::{Watched, Witness, disobeyed};
use crate::violation::Violation;

impl Witness {
    /// A request is no larger than it may be, and holds the beginnings of lanes as they stand.
    pub(super) fn check_batch(
        &self,
        engine: &Watched,
        batch: &Batch<MessagePayload>,
    ) -> Result<(), Violation> {
        let count = batch.items.len();
        let sizes = batch.items.iter().filter_map(|item| engine.item(item.id));
        let bytes: u64 = sizes.map(|item| item.size_bytes).sum();
        if count > self.config.max_batch_items || (count > 1 && bytes > self.config.max_batch_bytes)
        {
            return disobeyed(format!("a request with {count} items and {bytes} bytes"));
        }
        let items = engine.items();
        let mut lanes: Vec<&LaneId> = batch.items.iter().map(|item| &item.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        for lane in lanes {
            let mut waiting: Vec<&StoredItem<MessagePayload>> = items
                .iter()
                .map(|(item, _)| *item)
                .filter(|item| item.lane == *lane && is_pending(item))
                .collect();
            waiting.sort_unstable_by_key(|item| place(item));
            let sent = batch.items.iter().filter(|item| item.lane == *lane);
            let mut number = None;
            for (item, stored) in sent.zip(waiting) {
                let is_next = number.is_none_or(|last| item.number == last + 1);
                let is_so = item.id == stored.id
                    && item.parent == stored.parent
                    && item.trace == stored.trace
                    && item.lane.device == batch.device
                    && is_next;
                if !is_so || stored.is_held {
                    return disobeyed(format!("{} is sent out of its place", item.id));
                }
                number = Some(item.number);
            }
        }
        Ok(())
    }
}
