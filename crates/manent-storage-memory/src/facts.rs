//! The facts that an append is decided by.

use std::convert::Infallible;

use manent_domain::append::{
    AppendFacts, ChangeFacts, ConversationFacts, MessageFacts, RefusalFacts,
};
use manent_types::{ConversationId, DeviceId, MessageId, MessageStatus, Timestamp, UserId};

use crate::state::State;

pub(crate) struct MemoryFacts<'state> {
    pub(crate) state: &'state State,
    pub(crate) owner: UserId,
    pub(crate) now: Timestamp,
}

impl AppendFacts for MemoryFacts<'_> {
    type Error = Infallible;

    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationFacts>, Infallible> {
        let conversation = self.state.present_conversation(self.owner, id, self.now);
        Ok(conversation.map(|conversation| ConversationFacts {
            last_seq: conversation.last_seq,
            title_source: conversation.title_source,
            trashed: conversation.trashed_at.is_some(),
            is_temporary: conversation.is_temporary(),
        }))
    }

    fn newest_message(&mut self, id: ConversationId) -> Result<Option<MessageId>, Infallible> {
        let newest = self.state.messages_of(self.owner, id).next_back();
        Ok(newest.map(|message| message.id))
    }

    fn lane(&mut self, device: &DeviceId, conversation: ConversationId) -> Result<u64, Infallible> {
        let key = (self.owner, conversation, device.clone());
        Ok(self.state.lanes.get(&key).copied().unwrap_or(0))
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, Infallible> {
        let stored = self.state.message(self.owner, id);
        Ok(stored.map(|stored| MessageFacts {
            conversation: stored.message.conversation,
            parent: stored.message.parent,
            seq: stored.message.seq,
            fingerprint: stored.fingerprint,
            by_run: stored.message.run.is_some(),
            is_running: stored.message.run.is_some()
                && stored.message.status == MessageStatus::Running,
        }))
    }

    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, Infallible> {
        Ok(self
            .state
            .changes
            .iter()
            .find(|change| change.owner == self.owner && change.id == id)
            .map(|change| change.facts))
    }

    fn refusal_at(
        &mut self,
        device: &DeviceId,
        conversation: ConversationId,
        device_seq: u64,
    ) -> Result<Option<RefusalFacts>, Infallible> {
        let key = ((self.owner, conversation, device.clone()), device_seq);
        Ok(self.state.refusals.get(&key).copied())
    }

    fn was_refused(&mut self, id: MessageId) -> Result<bool, Infallible> {
        let mut refusals = self.state.refusals.iter();
        Ok(refusals
            .any(|(((whose, ..), _), refusal)| *whose == self.owner && refusal.id == Some(id)))
    }
}
