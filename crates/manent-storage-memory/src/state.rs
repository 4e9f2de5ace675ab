//! What the store remembers.

use std::collections::HashMap;

use manent_domain::append::{ChangeFacts, RefusalFacts};
use manent_domain::conversation::Conversation;
use manent_domain::message::{Fingerprint, Message};
use manent_types::{ConversationId, DeviceId, MessageId, UserId};

/// A device's lane.
pub(crate) type LaneKey = (UserId, ConversationId, DeviceId);

#[derive(Debug, Default)]
pub(crate) struct State {
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
}

#[derive(Debug)]
pub(crate) struct StoredMessage {
    pub(crate) owner: UserId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) message: Message,
}

#[derive(Debug)]
pub(crate) struct AppliedChange {
    pub(crate) owner: UserId,
    pub(crate) id: MessageId,
    pub(crate) facts: ChangeFacts,
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
}
