//! Messages as a person queues them.

use manent_engine::append_api::MessagePayload;
use manent_engine::{Fate, ItemId, LaneId, NewItem, Record, StoredItem};
use manent_types::DeviceId;
use rand::rngs::StdRng;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::data::messages::random_id;
use crate::data::text::Vocabulary;

/// As many conversations as the messages go to.
const CONVERSATIONS: usize = 100;

/// Makes messages of about 32 words for [`CONVERSATIONS`] conversations, one after the other.
pub(super) struct Items {
    device: DeviceId,
    conversations: Vec<Uuid>,
    vocabulary: Vocabulary,
    random: StdRng,
    made: usize,
}

impl Items {
    pub(super) fn new(mut random: StdRng) -> anyhow::Result<Self> {
        Ok(Self {
            device: "bench".parse()?,
            conversations: (0..CONVERSATIONS).map(|_| random_id(&mut random)).collect(),
            vocabulary: Vocabulary::new(),
            random,
            made: 0,
        })
    }

    pub(super) fn take(&mut self, count: usize) -> Vec<NewItem<MessagePayload>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> NewItem<MessagePayload> {
        let stream = self
            .conversations
            .get(self.made % CONVERSATIONS)
            .copied()
            .unwrap_or_default();
        self.made += 1;
        let text = self.vocabulary.message(&mut self.random);
        let size_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let payload: MessagePayload = Map::from_iter([
            ("role".to_owned(), json!("user")),
            ("content".to_owned(), json!(text)),
            ("createdAt".to_owned(), json!("2026-11-21T05:48:25.123Z")),
        ]);
        NewItem {
            id: ItemId(random_id(&mut self.random)),
            lane: LaneId {
                device: self.device.clone(),
                stream,
            },
            parent: None,
            payload,
            size_bytes,
            trace: None,
        }
    }

    /// As many records of a device's store.
    pub(super) fn records(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let items = self.take(count).into_iter().zip(1..);
        items
            .map(|(item, order)| {
                let record = Record::Item(StoredItem {
                    id: item.id,
                    lane: item.lane,
                    order,
                    late_rank: None,
                    put_behind: None,
                    parent: item.parent,
                    payload: item.payload,
                    size_bytes: item.size_bytes,
                    trace: item.trace,
                    enqueued_at: order,
                    is_held: true,
                    fate: Fate::Pending,
                });
                Ok(record.encode()?)
            })
            .collect()
    }
}
