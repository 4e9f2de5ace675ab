//! Labels of conversations.

use std::collections::BTreeSet;

use manent_types::Label;

/// The most labels of one conversation.
pub const MAX_LABELS: usize = 100;

/// Labels to take away and to add; one that is named in both is there afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelChange {
    /// To add; those that are there already stay.
    pub add: BTreeSet<Label>,
    /// To take away; those that are not there do no harm.
    pub remove: BTreeSet<Label>,
}

impl LabelChange {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// The labels afterwards; absent when they are more than [`MAX_LABELS`].
    pub fn applied(&self, labels: &BTreeSet<Label>) -> Option<BTreeSet<Label>> {
        let mut after: BTreeSet<Label> = labels.difference(&self.remove).cloned().collect();
        after.extend(self.add.iter().cloned());
        (after.len() <= MAX_LABELS).then_some(after)
    }
}
