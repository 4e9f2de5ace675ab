//! What the store remembers.

use std::collections::{BTreeMap, HashMap};

use manent_domain::append::{ChangeFacts, LanePosition, RefusalFacts};
use manent_domain::conversation::Conversation;
use manent_domain::document::Document;
use manent_domain::feed::Subject;
use manent_domain::message::{Fingerprint, Message};
use manent_domain::run::{LoggedEvent, Run};
use manent_types::{ConversationId, DeviceId, MessageId, RunId, Timestamp, UserId};

use crate::accounts::AccountState;

/// A device's lane.
pub(crate) type LaneKey = (UserId, ConversationId, DeviceId);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Everybody who owns something.
    pub(crate) users: BTreeMap<UserId, StoredUser>,
    /// In the order of their creation.
    pub(crate) conversations: Vec<(UserId, Conversation)>,
    /// In the order of their storing; the index is a message's place for the search.
    pub(crate) messages: Vec<StoredMessage>,
    /// The applied changes, in order.
    pub(crate) changes: Vec<AppliedChange>,
    /// The last number applied in each lane.
    pub(crate) lanes: HashMap<LaneKey, u64>,
    /// The numbers that were refused.
    pub(crate) refusals: HashMap<(LaneKey, u64), RefusalFacts>,
    /// In the order of their beginning.
    pub(crate) runs: Vec<StoredRun>,
    /// By kind and id.
    pub(crate) documents: BTreeMap<(UserId, String, String), Document>,
    /// Who changed what, by number.
    pub(crate) feed: BTreeMap<(UserId, u64), FeedEntry>,
    pub(crate) accounts: AccountState,
}

#[derive(Debug)]
pub(crate) struct StoredUser {
    pub(crate) created_at: Timestamp,
    /// The number of the newest change of its feed.
    pub(crate) feed_seq: u64,
}

#[derive(Debug)]
pub(crate) struct StoredMessage {
    pub(crate) owner: UserId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) message: Message,
    /// Its place in a lane.
    pub(crate) lane: Option<LanePosition>,
    /// The position of its run's log up to which its content goes.
    pub(crate) run_position: u64,
}

#[derive(Debug)]
pub(crate) struct AppliedChange {
    pub(crate) owner: UserId,
    pub(crate) id: MessageId,
    pub(crate) kind: String,
    pub(crate) message: Option<MessageId>,
    /// What an edit replaced, as JSON.
    pub(crate) before: Option<String>,
    pub(crate) lane: Option<LanePosition>,
    pub(crate) applied_at: Timestamp,
    pub(crate) facts: ChangeFacts,
}

#[derive(Debug)]
pub(crate) struct StoredRun {
    pub(crate) owner: UserId,
    pub(crate) run: Run,
    /// The batches, by their first position.
    pub(crate) log: BTreeMap<u64, Vec<LoggedEvent>>,
}

#[derive(Debug)]
pub(crate) struct FeedEntry {
    pub(crate) at: Timestamp,
    pub(crate) subject: Subject,
}

impl State {
    pub(crate) fn conversation(&self, owner: UserId, id: ConversationId) -> Option<&Conversation> {
        self.conversations
            .iter()
            .find(|(whose, conversation)| *whose == owner && conversation.id == id)
            .map(|(_, conversation)| conversation)
    }

    pub(crate) fn conversation_mut(
        &mut self,
        owner: UserId,
        id: ConversationId,
    ) -> Option<&mut Conversation> {
        self.conversations
            .iter_mut()
            .find(|(whose, conversation)| *whose == owner && conversation.id == id)
            .map(|(_, conversation)| conversation)
    }

    /// The conversation, unless its time is over.
    pub(crate) fn present_conversation(
        &self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Option<&Conversation> {
        self.conversation(owner, id)
            .filter(|conversation| !conversation.is_expired(now))
    }

    /// The conversation, unless its time is over.
    pub(crate) fn present_conversation_mut(
        &mut self,
        owner: UserId,
        id: ConversationId,
        now: Timestamp,
    ) -> Option<&mut Conversation> {
        self.conversation_mut(owner, id)
            .filter(|conversation| !conversation.is_expired(now))
    }

    /// Whether the conversation is one that stands in no feed.
    pub(crate) fn is_temporary(&self, owner: UserId, id: ConversationId) -> bool {
        self.conversation(owner, id)
            .is_some_and(Conversation::is_temporary)
    }

    pub(crate) fn message(&self, owner: UserId, id: MessageId) -> Option<&StoredMessage> {
        self.messages
            .iter()
            .find(|stored| stored.owner == owner && stored.message.id == id)
    }

    pub(crate) fn message_mut(
        &mut self,
        owner: UserId,
        id: MessageId,
    ) -> Option<&mut StoredMessage> {
        self.messages
            .iter_mut()
            .find(|stored| stored.owner == owner && stored.message.id == id)
    }

    /// The conversation's messages in the order of their `seq`.
    pub(crate) fn messages_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages
            .iter()
            .filter(move |stored| {
                stored.owner == owner && stored.message.conversation == conversation
            })
            .map(|stored| &stored.message)
    }

    pub(crate) fn run(&self, owner: UserId, id: RunId) -> Option<&StoredRun> {
        self.runs
            .iter()
            .find(|stored| stored.owner == owner && stored.run.id == id)
    }

    pub(crate) fn run_mut(&mut self, owner: UserId, id: RunId) -> Option<&mut StoredRun> {
        self.runs
            .iter_mut()
            .find(|stored| stored.owner == owner && stored.run.id == id)
    }
}
