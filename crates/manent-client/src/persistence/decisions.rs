//! What the person decides about an item: other words, back, again, away.

use manent_engine::{Change, Input, ItemId, NewItem};
use manent_types::MessageId;

use super::PersistenceService;
use crate::environment;
use crate::error::QueueError;
use crate::outbox::Expect;
use crate::payload::{OutgoingMessage, Payload};

impl PersistenceService {
    /// Changes the content of an item that was never sent.
    ///
    /// # Errors
    /// [`QueueError::MaybeSent`] when it may have been sent, [`QueueError::Unknown`] when it is not queued, and those of
    /// [`Self::queue_message`] for what it says now.
    pub async fn replace(&self, message: &OutgoingMessage) -> Result<(), QueueError> {
        let id = ItemId(message.id.as_uuid());
        let payload = self.rewritten(message).await?;
        let input = Input::Replace {
            id,
            size_bytes: self.limits.checked_size(&payload)?,
            payload,
        };
        self.order(input, id, Expect::Durable).await
    }

    /// Sends a failed item again under its own id, and what was blocked by it: as it is, or in another form (edited, or under another parent).
    ///
    /// # Errors
    /// [`QueueError::NotInTray`] when it has not failed, [`QueueError::NeedsNewId`] when the server has something else under its id,
    /// [`QueueError::ParentFailed`] when what it builds on has to be sent again first.
    pub async fn retry(
        &self,
        message_id: MessageId,
        changed: Option<&OutgoingMessage>,
    ) -> Result<(), QueueError> {
        let id = ItemId(message_id.as_uuid());
        let change = match changed {
            Some(message) => {
                let payload = self.rewritten(message).await?;
                Some(Change {
                    size_bytes: self.limits.checked_size(&payload)?,
                    payload,
                    parent: message.parent_id.map(|parent| ItemId(parent.as_uuid())),
                })
            }
            None => None,
        };
        self.order(Input::Retry { id, change }, id, Expect::Pending)
            .await
    }

    /// Sends a failed item again under a new id: the way out where the server has something else under the old one. The answer is the new id.
    /// What builds on the old one stays in the tray.
    ///
    /// # Errors
    /// [`QueueError::NotInTray`], [`QueueError::Unknown`].
    pub async fn resend(&self, message_id: MessageId) -> Result<MessageId, QueueError> {
        let failed = ItemId(message_id.as_uuid());
        let id = environment::new_id();
        let trace = environment::new_trace();
        let replacement = self
            .look(move |engine| {
                let mut items = engine.items().into_iter();
                let (stored, _) = items.find(|(stored, _)| stored.id == failed)?;
                Some(NewItem {
                    id: ItemId(id),
                    lane: stored.lane.clone(),
                    parent: stored.parent,
                    payload: stored.payload.clone(),
                    size_bytes: stored.size_bytes,
                    trace,
                })
            })
            .await?
            .ok_or(QueueError::Unknown)?;
        let input = Input::Resend {
            failed,
            replacement,
        };
        self.order(input, ItemId(id), Expect::Durable).await?;
        Ok(MessageId::new(id))
    }

    /// The payload of a message that is queued already: what it says about its conversation stays.
    async fn rewritten(&self, message: &OutgoingMessage) -> Result<Payload, QueueError> {
        self.limits.check_content(&message.content)?;
        let id = ItemId(message.id.as_uuid());
        let create = self
            .look(move |engine| {
                let mut items = engine.items().into_iter();
                let (stored, _) = items.find(|(stored, _)| stored.id == id)?;
                stored.payload.get("create").cloned()
            })
            .await?;
        let mut payload = message.payload();
        if let Some(create) = create {
            payload.insert("create".to_owned(), create);
        }
        Ok(payload)
    }

    /// Takes back an item that was never sent; it goes to the tray.
    ///
    /// # Errors
    /// [`QueueError::MaybeSent`] when it may have been sent, [`QueueError::Unknown`] when it is not queued.
    pub async fn withdraw(&self, message_id: MessageId) -> Result<(), QueueError> {
        let id = ItemId(message_id.as_uuid());
        self.order(Input::Withdraw(id), id, Expect::Withdrawn).await
    }

    /// Throws a failed item away; [`Self::undo`] brings it back for a while.
    ///
    /// # Errors
    /// [`QueueError::NotInTray`].
    pub async fn discard(&self, message_id: MessageId) -> Result<(), QueueError> {
        let id = ItemId(message_id.as_uuid());
        self.order(Input::Discard(id), id, Expect::Discarded).await
    }

    /// Brings a discarded item back into the tray.
    ///
    /// # Errors
    /// [`QueueError::NotInTray`] when it is gone.
    pub async fn undo(&self, message_id: MessageId) -> Result<(), QueueError> {
        let id = ItemId(message_id.as_uuid());
        self.order(Input::Undo(id), id, Expect::InTray).await
    }
}
