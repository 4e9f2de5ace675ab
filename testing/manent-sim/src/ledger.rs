//! What the users wrote, and what may therefore be true.

use std::collections::{BTreeMap, HashMap, HashSet};

use manent_engine::{FailReason, ItemId, ItemState};
use uuid::Uuid;

use crate::violation::Violation;

/// Who wrote an item: one engine in one life.
pub(crate) type Author = u64;

/// An item as the user knows it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) author: Author,
    pub(crate) conversation: Uuid,
    /// Grows with each item.
    pub(crate) index: u64,
    /// Every text that the user gave it: an edit may be refused, or die with the tab before it is safe.
    pub(crate) texts: Vec<String>,
    /// The user was told that it is safe.
    pub(crate) is_accepted: bool,
    /// The user threw it away, or resent it as another one.
    pub(crate) ended_by_user: bool,
    pub(crate) resent_as: Option<ItemId>,
    /// The user took it back before it was sent, and the store knows.
    pub(crate) is_withdrawn: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    written: BTreeMap<ItemId, Written>,
    on_server: HashSet<ItemId>,
    /// The index of the newest stored item, for each author and conversation.
    newest: HashMap<(Author, Uuid), u64>,
    next_index: u64,
}

impl Ledger {
    pub(crate) fn write(&mut self, id: ItemId, author: Author, conversation: Uuid, text: String) {
        self.next_index += 1;
        let written = Written {
            author,
            conversation,
            index: self.next_index,
            texts: vec![text],
            is_accepted: false,
            ended_by_user: false,
            resent_as: None,
            is_withdrawn: false,
        };
        self.written.insert(id, written);
    }

    pub(crate) fn get_mut(&mut self, id: ItemId) -> Option<&mut Written> {
        self.written.get_mut(&id)
    }

    pub(crate) fn written(&self) -> impl Iterator<Item = (ItemId, &Written)> {
        self.written.iter().map(|(id, written)| (*id, written))
    }

    pub(crate) fn is_on_server(&self, id: ItemId) -> bool {
        self.on_server.contains(&id)
    }

    pub(crate) fn stored_count(&self) -> usize {
        self.on_server.len()
    }

    /// The server wrote a row.
    pub(crate) fn on_row(&mut self, id: ItemId, text: &str) -> Result<(), Violation> {
        let written = self.written.get(&id).ok_or(Violation::StoredTwice(id))?;
        if !self.on_server.insert(id) {
            return Err(Violation::StoredTwice(id));
        }
        if written.is_withdrawn {
            return Err(Violation::SentThoughTakenBack(id));
        }
        if !written.texts.iter().any(|known| known == text) {
            return Err(Violation::Altered(id));
        }
        let newest = self
            .newest
            .entry((written.author, written.conversation))
            .or_default();
        if written.index < *newest {
            return Err(Violation::OutOfOrder(id));
        }
        *newest = written.index;
        Ok(())
    }

    /// The user was told where an item stands.
    pub(crate) fn on_state(
        &mut self,
        id: ItemId,
        state: &ItemState,
        is_on_disk: bool,
    ) -> Result<(), Violation> {
        let is_on_server = self.on_server.contains(&id);
        match state {
            ItemState::Queued | ItemState::Waiting(_) | ItemState::Sending => {
                if !is_on_disk {
                    return Err(Violation::AcceptedNotPersisted(id));
                }
                if let Some(written) = self.written.get_mut(&id) {
                    written.is_accepted = true;
                }
            }
            ItemState::Saved { .. } if !is_on_server => return Err(Violation::NotSaved(id)),
            ItemState::Failed(reason) => {
                // Nobody but the user takes back, and ids are nobody else's.
                if is_on_server || *reason == FailReason::Conflict {
                    return Err(Violation::NotFailed(id, reason.clone()));
                }
            }
            ItemState::Saved { .. } | ItemState::Storing | ItemState::Discarded => {}
        }
        Ok(())
    }

    /// The device's store removed an item; `is_replacement_there` tells whether the item that it was resent as is in that store.
    pub(crate) fn on_removed(
        &self,
        id: ItemId,
        is_replacement_there: impl Fn(ItemId) -> bool,
    ) -> Result<(), Violation> {
        let Some(written) = self.written.get(&id) else {
            return Ok(());
        };
        if self.on_server.contains(&id) {
            return Ok(());
        }
        let mut next = written.resent_as;
        while let Some(replacement) = next {
            if is_replacement_there(replacement) || self.on_server.contains(&replacement) {
                return Ok(());
            }
            // Resent once more before the store knew of the first time.
            next = self
                .written
                .get(&replacement)
                .and_then(|written| written.resent_as);
            if next.is_none() {
                return Err(Violation::Lost(id));
            }
        }
        if written.ended_by_user {
            Ok(())
        } else {
            Err(Violation::Lost(id))
        }
    }
}
