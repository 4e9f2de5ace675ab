//! What is said while an answer comes: kept on this device until its turn.
//!
//! Invariant: what was kept is said once, whatever dies in between: the message has its id from the beginning.

use std::collections::hash_map::Entry;

use manent_types::{ConversationId, MessageId, Part};
use serde::{Deserialize, Serialize};

use super::{MessageService, SentMessage};
use crate::environment;
use crate::error::{QueueError, SendError};

/// A message that waits for the end of the answer before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaterMessage {
    /// The id that it is sent under.
    pub message_id: MessageId,
    /// Where it is said.
    pub conversation_id: ConversationId,
    /// What is said.
    pub text: String,
}

impl MessageService {
    /// Keeps a message for when the answer before it has ended: when this returns, it is durable on this device. It is not sent before
    /// [`Self::send_later`] says so, and [`Self::later_messages`] has it until then, also after a crash.
    ///
    /// # Errors
    /// [`QueueError::Empty`] and [`QueueError::TextTooLong`] as for a message; [`QueueError::DeviceRefused`] when the disk does not take it.
    pub async fn keep_for_later(
        &self,
        text: &str,
        conversation_id: ConversationId,
    ) -> Result<LaterMessage, QueueError> {
        let text = text.to_owned();
        self.persistence
            .check(&[Part::Text { text: text.clone() }])?;
        let message = LaterMessage {
            message_id: MessageId::new(environment::new_id()),
            conversation_id,
            text,
        };
        self.restore_later(&message).await?;
        Ok(message)
    }

    /// Keeps one again that was forgotten.
    ///
    /// # Errors
    /// [`QueueError::DeviceRefused`].
    pub async fn restore_later(&self, message: &LaterMessage) -> Result<(), QueueError> {
        let id = message.message_id;
        let body = serde_json::to_string(message)
            .map_err(|error| QueueError::Unwritable(error.to_string()))?;
        let written = self
            .sessions
            .store()
            .run(move |store| store.put_later(id, &body));
        match written.await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(QueueError::DeviceRefused {
                reason: error.to_string(),
            }),
            None => Err(QueueError::Closed),
        }
    }

    /// The messages that wait for their turn, in the order in which they were said.
    pub async fn later_messages(&self) -> Vec<LaterMessage> {
        let bodies = self.sessions.store().run(|store| store.later()).await;
        let Some(Ok(bodies)) = bodies else {
            return Vec::new();
        };
        bodies
            .iter()
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect()
    }

    /// Sends one that was kept, as [`Self::send_message`] does. Absent: that was done already, before a crash.
    ///
    /// # Errors
    /// [`SendError`]; it stays kept then.
    pub async fn send_later(
        &self,
        message: &LaterMessage,
    ) -> Result<Option<SentMessage>, SendError> {
        let id = message.message_id;
        if self.was_said(message).await? {
            self.forget_later(id).await;
            return Ok(None);
        }
        let sent = self
            .send_as(id, &message.text, Some(message.conversation_id))
            .await?;
        self.forget_later(id).await;
        Ok(Some(sent))
    }

    /// Keeps it no longer.
    pub async fn forget_later(&self, message_id: MessageId) {
        let forgotten = self
            .sessions
            .store()
            .run(move |store| store.delete_later(message_id))
            .await;
        if let Some(Err(error)) = forgotten {
            // It is found again at the next start, which sees that it was said.
            tracing::warn!(error = %error, "a message that waited for its turn is still noted on this device");
        }
    }

    async fn was_said(&self, message: &LaterMessage) -> Result<bool, SendError> {
        let id = message.message_id;
        if self.persistence.status(id).await?.is_some() {
            return Ok(true);
        }
        let mut open = self.sessions.lock().await;
        let session = match open.entry(message.conversation_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(self.sessions.load(message.conversation_id).await?)
            }
        };
        let messages = &session.transcript.messages;
        Ok(messages.iter().any(|said| said.id == id))
    }
}
