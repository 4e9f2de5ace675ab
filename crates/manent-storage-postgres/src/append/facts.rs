//! The facts that the decision asks for.

use std::convert::Infallible;

use manent_domain::append::{
    AppendFacts, ChangeFacts, ConversationFacts, MessageFacts, RefusalFacts,
};
use manent_types::{ConversationId, DeviceId, MessageId, MessageStatus, Timestamp, UserId};

use crate::workspace::Workspace;

/// The rows of one owner in a group.
pub(crate) struct WorkspaceFacts<'group> {
    pub(crate) workspace: &'group mut Workspace,
    pub(crate) owner: UserId,
    pub(crate) now: Timestamp,
}

impl AppendFacts for WorkspaceFacts<'_> {
    type Error = Infallible;

    fn conversation(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<ConversationFacts>, Infallible> {
        let row = self.workspace.conversation((self.owner, id));
        let row = row.filter(|row| !row.conversation.is_expired(self.now));
        Ok(row.map(|row| ConversationFacts {
            last_seq: row.conversation.last_seq,
            title_source: row.conversation.title_source,
            trashed: row.conversation.trashed_at.is_some(),
            is_temporary: row.conversation.is_temporary(),
        }))
    }

    fn newest_message(&mut self, id: ConversationId) -> Result<Option<MessageId>, Infallible> {
        Ok(self.workspace.newest_message((self.owner, id)))
    }

    fn lane(&mut self, device: &DeviceId, conversation: ConversationId) -> Result<u64, Infallible> {
        let key = (self.owner, conversation, device.clone());
        Ok(self.workspace.lane(&key))
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, Infallible> {
        let row = self.workspace.message((self.owner, id));
        Ok(row.map(|row| MessageFacts {
            conversation: row.conversation,
            parent: row.parent,
            seq: row.seq,
            fingerprint: row.fingerprint,
            by_run: row.run.is_some(),
            is_running: row.run.is_some() && row.status == MessageStatus::Running,
        }))
    }

    fn refusal_at(
        &mut self,
        device: &DeviceId,
        conversation: ConversationId,
        device_seq: u64,
    ) -> Result<Option<RefusalFacts>, Infallible> {
        let key = ((self.owner, conversation, device.clone()), device_seq);
        Ok(self.workspace.refusal_at(&key))
    }

    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, Infallible> {
        Ok(self.workspace.change((self.owner, id)))
    }

    fn was_refused(&mut self, id: MessageId) -> Result<bool, Infallible> {
        Ok(self.workspace.was_refused((self.owner, id)))
    }
}
