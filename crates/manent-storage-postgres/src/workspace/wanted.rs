//! Which rows a group needs.

use std::collections::{BTreeSet, HashMap, HashSet};

use manent_types::UserId;

use super::{ConversationKey, LabelKey, LaneKey, MessageKey, PositionKey, RunKey};

/// Keys of rows to load.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Whose rows are worked on; all of them, from the start.
    pub(crate) owners: BTreeSet<UserId>,
    /// With or without settings, labels and extras, which may be long.
    pub(crate) conversations: HashMap<ConversationKey, bool>,
    /// Conversations whose newest message is asked for.
    pub(crate) newest: HashSet<ConversationKey>,
    /// The conversations that have a label.
    pub(crate) labelled: HashSet<LabelKey>,
    /// With or without content and extras.
    pub(crate) messages: HashMap<MessageKey, bool>,
    pub(crate) lanes: HashSet<LaneKey>,
    /// What was refused at these places.
    pub(crate) refusals: HashSet<PositionKey>,
    /// Whether these items were refused anywhere.
    pub(crate) refused: HashSet<MessageKey>,
    pub(crate) changes: HashSet<MessageKey>,
    pub(crate) runs: HashSet<RunKey>,
    pub(crate) logs: HashSet<RunKey>,
}

impl Wanted {
    /// A conversation, perhaps with its settings.
    pub(crate) fn want_conversation(&mut self, key: ConversationKey, with_config: bool) {
        *self.conversations.entry(key).or_default() |= with_config;
    }

    /// A message, perhaps with its content.
    pub(crate) fn want_message(&mut self, key: MessageKey, with_content: bool) {
        *self.messages.entry(key).or_default() |= with_content;
    }

    /// Whether no row is wanted. Owners are no rows to load.
    pub(crate) fn is_empty(&self) -> bool {
        self.conversations.is_empty()
            && self.newest.is_empty()
            && self.labelled.is_empty()
            && self.messages.is_empty()
            && self.lanes.is_empty()
            && self.refusals.is_empty()
            && self.refused.is_empty()
            && self.changes.is_empty()
            && self.runs.is_empty()
            && self.logs.is_empty()
    }
}
