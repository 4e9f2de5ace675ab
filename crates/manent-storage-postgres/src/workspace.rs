//! What a group of writes works on: the rows that it needs, loaded with a few statements, and the changes on top of them, written with a few
//! statements.
//!
//! Work on it neither waits nor sees the database. A row that somebody asks for and nobody loaded counts as absent and is noted; the group
//! then loads what was noted and does all of its work again. Nothing is written before a pass in which nothing was missing.
//!
//! Invariant: the owners of all rows are locked before anything is loaded, so what was loaded stays true until the commit.

mod feed;
mod flush;
mod load;
mod message_row;
mod runs;
mod wanted;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use manent_domain::append::{ChangeFacts, RefusalFacts};
use manent_domain::conversation::Conversation;
use manent_domain::ports::Signal;
use manent_domain::run::{LoggedEvent, Run};
use manent_types::{ConversationId, DeviceId, Label, MessageId, RunId, Timestamp, UserId};

use feed::FeedEntry;
use runs::EventBatch;

pub(crate) use feed::subject_columns;
pub(crate) use flush::{GroupMark, LABELS, PLACE};
pub(crate) use message_row::{Birth, MadeBy, MessageRow, WordsChange, is_findable};
pub(crate) use wanted::Wanted;

pub(crate) type ConversationKey = (UserId, ConversationId);
pub(crate) type LabelKey = (UserId, Label);
pub(crate) type MessageKey = (UserId, MessageId);
pub(crate) type RunKey = (UserId, RunId);
pub(crate) type LaneKey = (UserId, ConversationId, DeviceId);
pub(crate) type PositionKey = (LaneKey, u64);

/// The row of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserRow {
    pub(crate) created_at: Timestamp,
    pub(crate) feed_seq: u64,
}

/// The row of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct ConversationRow {
    /// Without settings, labels and extras unless they were asked for.
    pub(crate) conversation: Conversation,
    pub(crate) has_config: bool,
    /// Whether settings, labels and extras are to be written.
    pub(crate) is_reconfigured: bool,
}

/// A change to remember.
#[derive(Debug)]
pub(crate) struct ChangeRow {
    pub(crate) id: MessageId,
    pub(crate) kind: &'static str,
    pub(crate) message: Option<MessageId>,
    pub(crate) before: Option<String>,
    pub(crate) facts: ChangeFacts,
    pub(crate) lane: Option<(DeviceId, u64)>,
    pub(crate) applied_at: Timestamp,
}

/// Rows as they are in the database; `None` is a row that is not there.
#[derive(Default)]
struct Stored {
    users: BTreeMap<UserId, UserRow>,
    conversations: HashMap<ConversationKey, Option<ConversationRow>>,
    newest: HashMap<ConversationKey, Option<MessageId>>,
    labelled: HashMap<LabelKey, Vec<ConversationId>>,
    messages: HashMap<MessageKey, Option<MessageRow>>,
    lanes: HashMap<LaneKey, u64>,
    refusals: HashMap<PositionKey, Option<RefusalFacts>>,
    refused: HashMap<MessageKey, bool>,
    changes: HashMap<MessageKey, Option<ChangeFacts>>,
    runs: HashMap<RunKey, Option<Run>>,
    logs: HashMap<RunKey, Vec<LoggedEvent>>,
}

/// What the work changed.
#[derive(Default)]
struct Changed {
    users: BTreeMap<UserId, UserRow>,
    conversations: HashMap<ConversationKey, ConversationRow>,
    /// The order in which new conversations came.
    new_conversations: Vec<ConversationKey>,
    newest: HashMap<ConversationKey, MessageId>,
    messages: HashMap<MessageKey, MessageRow>,
    new_messages: Vec<MessageKey>,
    lanes: HashMap<LaneKey, u64>,
    refusals: HashMap<PositionKey, RefusalFacts>,
    refused: HashSet<MessageKey>,
    change_facts: HashMap<MessageKey, ChangeFacts>,
    changes: Vec<(UserId, ChangeRow)>,
    runs: HashMap<RunKey, Run>,
    new_runs: Vec<RunKey>,
    events: Vec<(RunKey, EventBatch)>,
    removed_events: Vec<(RunKey, u64)>,
    cleared_logs: HashSet<RunKey>,
    feed: Vec<FeedEntry>,
    signals: Vec<Signal>,
    told: HashSet<Signal>,
}

/// The rows of a group, and what its work makes of them.
#[derive(Default)]
pub(crate) struct Workspace {
    /// An owner without a row is gone.
    accounts_only: bool,
    stored: Stored,
    changed: Changed,
    missing: Wanted,
}

impl Workspace {
    /// An empty one; `accounts_only`: an owner without a row is gone.
    pub(crate) fn new(accounts_only: bool) -> Self {
        Self {
            accounts_only,
            ..Self::default()
        }
    }

    /// Whether the owner is gone with the account: nothing of theirs may come back.
    pub(crate) fn is_gone(&self, owner: UserId) -> bool {
        self.accounts_only && !self.stored.users.contains_key(&owner)
    }

    /// Takes back all that the work changed.
    pub(crate) fn begin_pass(&mut self) {
        self.changed = Changed::default();
    }

    /// What was asked for and not there to look at.
    pub(crate) fn take_missing(&mut self) -> Wanted {
        std::mem::take(&mut self.missing)
    }

    /// Whether the work changed anything.
    pub(crate) fn is_changed(&self) -> bool {
        let changed = &self.changed;
        !(changed.users.is_empty()
            && changed.conversations.is_empty()
            && changed.messages.is_empty()
            && changed.lanes.is_empty()
            && changed.refusals.is_empty()
            && changed.changes.is_empty()
            && changed.runs.is_empty()
            && changed.events.is_empty()
            && changed.removed_events.is_empty())
    }

    /// What is to be told after the commit.
    pub(crate) fn take_signals(&mut self) -> Vec<Signal> {
        std::mem::take(&mut self.changed.signals)
    }

    /// How many messages the work stores.
    pub(crate) fn new_messages(&self) -> usize {
        self.changed.new_messages.len()
    }

    /// The owner's row, made at first use.
    pub(crate) fn ensure_user(&mut self, owner: UserId, now: Timestamp) -> &mut UserRow {
        let stored = self.stored.users.get(&owner);
        self.changed
            .users
            .entry(owner)
            .or_insert_with(|| match stored {
                Some(row) => *row,
                None => UserRow {
                    created_at: now,
                    feed_seq: 0,
                },
            })
    }

    /// The conversation, perhaps without its settings.
    pub(crate) fn conversation(&mut self, key: ConversationKey) -> Option<&ConversationRow> {
        if let Some(changed) = self.changed.conversations.get(&key) {
            return Some(changed);
        }
        if let Some(row) = self.stored.conversations.get(&key) {
            return row.as_ref();
        }
        self.missing.want_conversation(key, false);
        None
    }

    /// The conversation with its settings.
    pub(crate) fn whole_conversation(&mut self, key: ConversationKey) -> Option<&ConversationRow> {
        if !self.conversation(key)?.has_config {
            self.missing.want_conversation(key, true);
            return None;
        }
        self.conversation(key)
    }

    /// The conversations of an owner that may have a label: all that have it are among them, in the order of their ids.
    pub(crate) fn labelled(&mut self, key: &LabelKey) -> Vec<ConversationId> {
        let Some(stored) = self.stored.labelled.get(key) else {
            self.missing.labelled.insert(key.clone());
            return Vec::new();
        };
        let changed = self.changed.conversations.keys();
        let changed = changed.filter(|(owner, _)| *owner == key.0);
        let all: BTreeSet<ConversationId> = changed
            .map(|(_, id)| *id)
            .chain(stored.iter().copied())
            .collect();
        all.into_iter().collect()
    }

    /// Whether the conversation is one that stands in no feed.
    pub(crate) fn is_temporary(&mut self, key: ConversationKey) -> bool {
        self.conversation(key)
            .is_some_and(|row| row.conversation.is_temporary())
    }

    /// The conversation, to be changed.
    pub(crate) fn conversation_mut(
        &mut self,
        key: ConversationKey,
    ) -> Option<&mut ConversationRow> {
        if !self.changed.conversations.contains_key(&key) {
            let row = self.conversation(key)?.clone();
            self.changed.conversations.insert(key, row);
        }
        self.changed.conversations.get_mut(&key)
    }

    pub(crate) fn add_conversation(&mut self, owner: UserId, conversation: Conversation) {
        let key = (owner, conversation.id);
        let row = ConversationRow {
            conversation,
            has_config: true,
            is_reconfigured: true,
        };
        self.changed.conversations.insert(key, row);
        self.changed.new_conversations.push(key);
    }

    pub(crate) fn newest_message(&mut self, key: ConversationKey) -> Option<MessageId> {
        if let Some(newest) = self.changed.newest.get(&key) {
            return Some(*newest);
        }
        if self.changed.new_conversations.contains(&key) {
            return None;
        }
        if let Some(newest) = self.stored.newest.get(&key) {
            return *newest;
        }
        self.missing.newest.insert(key);
        None
    }

    pub(crate) fn message(&mut self, key: MessageKey) -> Option<&MessageRow> {
        if let Some(changed) = self.changed.messages.get(&key) {
            return Some(changed);
        }
        if let Some(row) = self.stored.messages.get(&key) {
            return row.as_ref();
        }
        self.missing.want_message(key, false);
        None
    }

    /// The message, to be changed.
    pub(crate) fn message_mut(&mut self, key: MessageKey) -> Option<&mut MessageRow> {
        if !self.changed.messages.contains_key(&key) {
            let row = self.message(key)?.clone();
            self.changed.messages.insert(key, row);
        }
        self.changed.messages.get_mut(&key)
    }

    /// The message with its content, to be changed.
    pub(crate) fn message_with_content(&mut self, key: MessageKey) -> Option<&mut MessageRow> {
        if self.message(key)?.content.is_none() {
            self.missing.want_message(key, true);
            return None;
        }
        self.message_mut(key)
    }

    /// Adds a message, the newest of its conversation.
    pub(crate) fn add_message(&mut self, key: MessageKey, row: MessageRow) {
        let conversation = (key.0, row.conversation);
        self.changed.newest.insert(conversation, key.1);
        self.changed.messages.insert(key, row);
        self.changed.new_messages.push(key);
    }

    pub(crate) fn lane(&mut self, key: &LaneKey) -> u64 {
        let known = self.changed.lanes.get(key);
        if let Some(applied) = known.or_else(|| self.stored.lanes.get(key)) {
            return *applied;
        }
        self.missing.lanes.insert(key.clone());
        0
    }

    pub(crate) fn move_lane(&mut self, key: LaneKey, device_seq: u64) {
        self.changed.lanes.insert(key, device_seq);
    }

    pub(crate) fn refusal_at(&mut self, key: &PositionKey) -> Option<RefusalFacts> {
        if let Some(facts) = self.changed.refusals.get(key) {
            return Some(*facts);
        }
        if let Some(facts) = self.stored.refusals.get(key) {
            return *facts;
        }
        self.missing.refusals.insert(key.clone());
        None
    }

    pub(crate) fn was_refused(&mut self, key: MessageKey) -> bool {
        if self.changed.refused.contains(&key) {
            return true;
        }
        if let Some(is_refused) = self.stored.refused.get(&key) {
            return *is_refused;
        }
        self.missing.refused.insert(key);
        false
    }

    pub(crate) fn remember_refusal(&mut self, key: PositionKey, facts: RefusalFacts) {
        if let Some(id) = facts.id {
            self.changed.refused.insert((key.0.0, id));
        }
        self.changed.refusals.insert(key, facts);
    }

    pub(crate) fn change(&mut self, key: MessageKey) -> Option<ChangeFacts> {
        if let Some(facts) = self.changed.change_facts.get(&key) {
            return Some(*facts);
        }
        if let Some(facts) = self.stored.changes.get(&key) {
            return *facts;
        }
        self.missing.changes.insert(key);
        None
    }

    pub(crate) fn remember_change(&mut self, owner: UserId, row: ChangeRow) {
        self.changed.change_facts.insert((owner, row.id), row.facts);
        self.changed.changes.push((owner, row));
    }
}
