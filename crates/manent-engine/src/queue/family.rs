//! What builds on what.

use std::collections::BTreeSet;

use super::{Item, Place, Queue};
use crate::id::ItemId;
use crate::item::{FailReason, Fate};

impl<P> Queue<P> {
    /// The items that build on this one, in the order of their places: those for which `follows` says so, and what builds on those.
    pub(crate) fn descendants(
        &self,
        id: ItemId,
        follows: impl Fn(&Item<P>) -> bool,
    ) -> Vec<ItemId> {
        let mut found: Vec<Place> = Vec::new();
        let mut seen = BTreeSet::from([id]);
        let mut next = vec![id];
        while let Some(parent) = next.pop() {
            for child in self.children.get(&parent).into_iter().flatten() {
                if let Some(item) = self.items.get(child)
                    && follows(item)
                    && seen.insert(*child)
                {
                    next.push(*child);
                    found.push(item.place());
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// What builds directly on an item.
    pub(crate) fn children(&self, id: ItemId) -> impl Iterator<Item = &Item<P>> {
        let children = self.children.get(&id).into_iter().flatten();
        children.filter_map(|child| self.items.get(child))
    }

    pub(crate) fn is_pending(&self, id: ItemId) -> bool {
        self.items
            .get(&id)
            .is_some_and(|item| item.stored.fate == Fate::Pending)
    }

    /// The pending item that this one builds on.
    pub(crate) fn pending_parent(&self, item: &Item<P>) -> Option<&Item<P>> {
        let parent = self.items.get(&item.stored.parent?)?;
        (parent.stored.fate == Fate::Pending && parent.stored.id != item.stored.id)
            .then_some(parent)
    }

    /// Why the item is in the tray, or was when it was discarded.
    pub(crate) fn fail_reason(&self, id: ItemId) -> Option<&FailReason> {
        match &self.items.get(&id)?.stored.fate {
            Fate::Pending => None,
            Fate::Failed { reason } | Fate::Discarded { reason } => Some(reason),
        }
    }
}
