//! What was said and not sent yet, in other words or not at all: the queue, the conversation and the awaited answer change together.

use manent_engine::ItemState;
use manent_types::{ConversationId, MessageId};

use super::MessageService;
use crate::answers::{AnswerHandle, AnswerStage};
use crate::error::QueueError;
use crate::outbox::OutboxItem;
use crate::payload::OutgoingMessage;

impl MessageService {
    /// Puts a message that was never sent, or failed, into other words. An answer that has not begun is asked for anew, with the new words:
    /// it is given back then.
    ///
    /// # Errors
    /// [`QueueError::MaybeSent`] when it may have been sent; [`QueueError::Unknown`] when it is not queued; those of a message for what it
    /// says now.
    pub async fn reword(
        &self,
        message_id: MessageId,
        text: &str,
    ) -> Result<Option<AnswerHandle>, QueueError> {
        let item = self.item(message_id).await?;
        let message = OutgoingMessage::from_user(message_id, item.parent_id, text);
        if matches!(item.status.state, ItemState::Failed(_)) {
            self.persistence.retry(message_id, Some(&message)).await?;
        } else {
            self.persistence.replace(&message).await?;
        }
        let id = item.status.conversation_id;
        let mut open = self.sessions.lock().await;
        let Some(session) = open.get_mut(&id) else {
            return Ok(None);
        };
        let mut said = session.transcript.messages.iter_mut();
        if let Some(said) = said.find(|said| said.id == message_id) {
            said.content = message.content;
        }
        let is_awaited = session.awaited.iter().any(has_not_begun);
        drop(open);
        if !is_awaited {
            return Ok(None);
        }
        // Where it begins at this moment, it goes on with the words that it was asked with.
        Ok(self.ask_again(id).await.ok())
    }

    /// Takes back a message that was never sent: it is not sent, and answers to it that have not begun are not asked for. What was said
    /// below it waits in the tray. [`Self::put_back`] undoes this for a while.
    ///
    /// # Errors
    /// [`QueueError::MaybeSent`] when it may have been sent; [`QueueError::Unknown`] when it is not queued.
    pub async fn take_back(&self, message_id: MessageId) -> Result<(), QueueError> {
        let item = self.item(message_id).await?;
        self.persistence.withdraw(message_id).await?;
        self.persistence.discard(message_id).await?;
        let mut open = self.sessions.lock().await;
        let Some(session) = open.get_mut(&item.status.conversation_id) else {
            return Ok(());
        };
        let messages = &mut session.transcript.messages;
        let Some(place) = messages.iter().position(|said| said.id == message_id) else {
            return Ok(());
        };
        let gone: Vec<MessageId> = messages.drain(place..).map(|said| said.id).collect();
        let is_to_gone = |answer: &AnswerHandle| gone.contains(&answer.parent_id);
        let (unwanted, wanted) = session.awaited.drain(..).partition(is_to_gone);
        session.awaited = wanted;
        let transcript = session.transcript.clone();
        drop(open);
        self.give_up(unwanted);
        self.sessions.copy(&transcript).await;
        Ok(())
    }

    /// Puts one that was taken back into the queue again, and what was said below it; tells its conversation.
    ///
    /// # Errors
    /// [`QueueError::NotInTray`] when it is gone for good.
    pub async fn put_back(&self, message_id: MessageId) -> Result<ConversationId, QueueError> {
        self.persistence.undo(message_id).await?;
        let item = self.item(message_id).await?;
        self.persistence.retry(message_id, None).await?;
        let id = item.status.conversation_id;
        // It is read again, with what is queued, when it is needed.
        self.sessions.lock().await.remove(&id);
        Ok(id)
    }

    /// Answers that nobody wants any more.
    pub(super) fn give_up(&self, answers: Vec<AnswerHandle>) {
        for handle in answers {
            let stage = handle.progress().stage;
            self.persistence.give_up(handle.run_id);
            if matches!(stage, AnswerStage::Asking { .. } | AnswerStage::Running) {
                let (service, run) = (self.clone(), handle.run_id);
                tokio::spawn(async move {
                    if let Err(error) = service.stop_run(run).await {
                        tracing::debug!(error = %error, "an answer that gave way was not stopped");
                    }
                });
            }
        }
    }

    async fn item(&self, message_id: MessageId) -> Result<OutboxItem, QueueError> {
        let items = self.persistence.items().await?;
        items
            .into_iter()
            .find(|item| item.status.message_id == message_id)
            .ok_or(QueueError::Unknown)
    }
}

fn has_not_begun(answer: &AnswerHandle) -> bool {
    let progress = answer.progress();
    !progress.content.has_begun()
        && !matches!(progress.stage, AnswerStage::Running | AnswerStage::Ended)
}
