//! What happened to an item, for whoever wants to look: kept in memory, bounded, and gone with the engine.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::answer::{Failure, Outcome};
use crate::id::ItemId;
use crate::item::FailReason;
use crate::time::Millis;

/// So many entries are kept of an item: the first, and the newest of the others.
pub const HISTORY_ENTRIES: usize = 64;

/// So many saved items are remembered.
pub const SAVED_ITEMS_REMEMBERED: usize = 200;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryStep {
    /// The user queued it.
    Queued,
    /// The device's store confirmed it.
    Stored,
    /// A request with it left.
    Sent,
    /// That request came to an end.
    Answered,
    /// It went to the tray.
    Failed,
    /// The user changed it.
    Edited,
    /// The user took it back.
    Withdrawn,
    /// The user had it sent again.
    Retried,
    /// The user threw it away.
    Discarded,
    /// The user brought it back.
    Undone,
    /// This engine took it over from another one.
    Adopted,
    /// The server has it.
    Saved,
}

/// One thing that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// When, by the caller's clock.
    pub at: Millis,
    /// What.
    pub step: HistoryStep,
    /// Of `Sent`: 1 for the first time since the engine was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The class of the failure or the outcome, in stable words; never content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'static, str>>,
}

impl HistoryEntry {
    pub(crate) fn new(at: Millis, step: HistoryStep) -> Self {
        Self {
            at,
            step,
            attempt: None,
            detail: None,
        }
    }

    pub(crate) fn with_detail(mut self, detail: Cow<'static, str>) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// Adds an entry, and lets go of the oldest but the first when there are too many.
pub(crate) fn note(history: &mut Vec<HistoryEntry>, entry: HistoryEntry) {
    if history.len() >= HISTORY_ENTRIES {
        history.remove(1);
    }
    history.push(entry);
}

/// What is remembered of an item that the server has.
#[derive(Debug)]
pub(crate) struct SavedItem {
    pub(crate) position: Option<u64>,
    pub(crate) history: Vec<HistoryEntry>,
}

/// The last saved items.
#[derive(Debug, Default)]
pub(crate) struct SavedItems {
    items: HashMap<ItemId, SavedItem>,
    order: VecDeque<ItemId>,
}

impl SavedItems {
    pub(crate) fn get(&self, id: ItemId) -> Option<&SavedItem> {
        self.items.get(&id)
    }

    pub(crate) fn insert(&mut self, id: ItemId, item: SavedItem) {
        if self.items.insert(id, item).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > SAVED_ITEMS_REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.items.remove(&oldest);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A failed request in stable words.
pub(crate) fn words_for_failure(failure: &Failure) -> Cow<'static, str> {
    match failure {
        Failure::Infrastructure => Cow::Borrowed("infrastructure"),
        Failure::NotSent => Cow::Borrowed("not_sent"),
        Failure::BackPressure { .. } => Cow::Borrowed("back_pressure"),
        Failure::Auth => Cow::Borrowed("auth"),
        Failure::Permanent { code, .. } => Cow::Owned(format!("permanent: {code}")),
        Failure::UserAbort => Cow::Borrowed("aborted"),
    }
}

/// An item's outcome in stable words; absent: the answer did not tell one that can be believed.
pub(crate) fn words_for_outcome(outcome: Option<&Outcome>) -> Cow<'static, str> {
    match outcome {
        None => Cow::Borrowed("no_outcome"),
        Some(Outcome::Stored { .. }) => Cow::Borrowed("stored"),
        Some(Outcome::Duplicate { .. }) => Cow::Borrowed("duplicate"),
        Some(Outcome::IdTaken) => Cow::Borrowed("conflict: id_taken"),
        Some(Outcome::NumberTaken) => Cow::Borrowed("conflict: device_seq_taken"),
        Some(Outcome::Gap { .. }) => Cow::Borrowed("gap"),
        Some(Outcome::Rejected { code, .. }) => Cow::Owned(format!("rejected: {code}")),
        Some(Outcome::Blocked) => Cow::Borrowed("blocked"),
    }
}

/// The reason of a failed item in stable words.
pub(crate) fn words_for_reason(reason: &FailReason) -> Cow<'static, str> {
    match reason {
        FailReason::Rejected { code, .. } => Cow::Owned(format!("rejected: {code}")),
        FailReason::Conflict => Cow::Borrowed("id_taken"),
        FailReason::Blocked { .. } => Cow::Borrowed("blocked"),
        FailReason::TooLarge { .. } => Cow::Borrowed("too_large"),
        FailReason::Withdrawn => Cow::Borrowed("withdrawn"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_long_history_keeps_its_beginning_and_its_end() {
        let mut history = Vec::new();
        for at in 0..1_000 {
            note(&mut history, HistoryEntry::new(at, HistoryStep::Sent));
        }
        assert_eq!(history.len(), HISTORY_ENTRIES);
        assert_eq!((history[0].at, history[HISTORY_ENTRIES - 1].at), (0, 999));
    }

    #[test]
    fn remembers_the_last_saved_items_only() {
        let mut saved = SavedItems::default();
        for number in 0..1_000 {
            let item = SavedItem {
                position: Some(1),
                history: Vec::new(),
            };
            saved.insert(ItemId(Uuid::from_u128(number)), item);
        }
        assert!(saved.get(ItemId(Uuid::from_u128(799))).is_none());
        assert!(saved.get(ItemId(Uuid::from_u128(800))).is_some());
        assert_eq!(saved.items.len(), SAVED_ITEMS_REMEMBERED);
    }

    #[test]
    fn an_entry_is_written_as_clients_read_it() {
        let mut entry = HistoryEntry::new(7, HistoryStep::Sent);
        entry.attempt = Some(2);
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, r#"{"at":7,"step":"sent","attempt":2}"#);
        let entry = HistoryEntry::new(8, HistoryStep::Answered)
            .with_detail(words_for_failure(&Failure::Infrastructure));
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            text,
            r#"{"at":8,"step":"answered","detail":"infrastructure"}"#
        );
    }
}
