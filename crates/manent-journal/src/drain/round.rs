//! One round: a few entries are read and applied, lanes side by side.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use manent_domain::ports::StoreError;
use uuid::Uuid;

use super::reader::Reader;
use crate::index::EntryPlace;
use crate::stored::Batch;
use crate::target::{Applied, JournalTarget};

/// So often is an entry tried that makes the store's adapter fail; then it is kept aside, or it would hold up everything for good.
const TRIES_OF_A_FAILING_ADAPTER: u32 = 20;

/// So often at least is an answer tried whose parent is missing.
const TRIES_WITHOUT_PARENT: u32 = 3;

/// What becomes of an entry.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The store has it.
    Stored,
    /// The store can never take it.
    Refused { code: String, batch: Box<Batch> },
    /// Later; the rest of its lane waits with it.
    NotYet(NotYet),
}

/// Why not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotYet {
    /// The store failed.
    Failed,
    /// The store has too much to do.
    Busy,
    /// The parent may come.
    ParentMissing,
}

/// What a round needs.
#[derive(Clone)]
pub(super) struct Round {
    pub(super) reader: Arc<Reader>,
    pub(super) target: Arc<dyn JournalTarget>,
    pub(super) parallel_lanes: usize,
    pub(super) parent_wait: Duration,
}

/// An entry with its position and the number of this try.
struct Item {
    position: u64,
    attempt: u32,
    batch: Batch,
}

impl Round {
    /// Applies entries; `now` is in milliseconds since 1970. What cannot be told about is not in the answer.
    pub(super) async fn run(
        self,
        places: Vec<(u64, EntryPlace, u32)>,
        now: i64,
    ) -> Vec<(u64, Verdict)> {
        let reader = Arc::clone(&self.reader);
        let only_places: Vec<EntryPlace> = places.iter().map(|(_, place, _)| *place).collect();
        let read = tokio::task::spawn_blocking(move || reader.read(&only_places)).await;
        let batches = match read {
            Ok(Ok(batches)) => batches,
            Ok(Err(error)) => {
                tracing::error!(%error, "the journal cannot be read back");
                return Vec::new();
            }
            Err(_) => return Vec::new(),
        };
        let mut lanes: Vec<(Uuid, Vec<Item>)> = Vec::new();
        for ((position, place, attempt), batch) in places.into_iter().zip(batches) {
            let item = Item {
                position,
                attempt,
                batch,
            };
            match lanes.iter_mut().find(|(lane, _)| *lane == place.lane) {
                Some((_, items)) => items.push(item),
                None => lanes.push((place.lane, vec![item])),
            }
        }
        let applied = stream::iter(lanes).map(|(_, items)| self.apply_lane(items, now));
        let applied: Vec<Vec<(u64, Verdict)>> = applied
            .buffer_unordered(self.parallel_lanes)
            .collect()
            .await;
        applied.into_iter().flatten().collect()
    }

    /// In order, up to the first that has to wait.
    async fn apply_lane(&self, items: Vec<Item>, now: i64) -> Vec<(u64, Verdict)> {
        let mut verdicts = Vec::with_capacity(items.len());
        for item in items {
            let position = item.position;
            let verdict = self.apply(item, now).await;
            let is_last = matches!(verdict, Verdict::NotYet(_));
            verdicts.push((position, verdict));
            if is_last {
                break;
            }
        }
        verdicts
    }

    async fn apply(&self, item: Item, now: i64) -> Verdict {
        let Some(entry) = item.batch.entries.first().cloned() else {
            return Verdict::Stored;
        };
        let waited = Duration::from_millis(u64::try_from(now - item.batch.at).unwrap_or(0));
        let refused = |code: &str| Verdict::Refused {
            code: code.to_owned(),
            batch: Box::new(item.batch.clone()),
        };
        match self.target.apply(entry).await {
            Applied::Stored => Verdict::Stored,
            Applied::Refused { code } => refused(&code),
            Applied::ParentMissing
                if item.attempt >= TRIES_WITHOUT_PARENT && waited >= self.parent_wait =>
            {
                refused("parent_unknown")
            }
            Applied::ParentMissing => Verdict::NotYet(NotYet::ParentMissing),
            Applied::Failed(error) => {
                tracing::debug!(%error, "the store did not take an entry of the journal");
                match error {
                    StoreError::Internal { .. } if item.attempt >= TRIES_OF_A_FAILING_ADAPTER => {
                        refused("store_internal")
                    }
                    StoreError::Busy { .. } => Verdict::NotYet(NotYet::Busy),
                    _ => Verdict::NotYet(NotYet::Failed),
                }
            }
        }
    }
}
