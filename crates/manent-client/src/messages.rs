//! Messages: say something and get an answer, both kept whatever dies.

mod later;
mod second_thoughts;

use std::collections::hash_map::Entry;

use manent_types::{ConversationId, MessageId, ModelSettings, Part, Role, RunId};
use reqwest::Method;

use crate::answers::{AnswerHandle, AnswerPayload, AnswerStage, Board};
use crate::completion::{CompletionStream, PromptMessage};
use crate::environment;
use crate::error::{ApiError, QueueError, SendError};
use crate::http::Api;
use crate::payload::{NewConversation, OutgoingChange, OutgoingMessage};
use crate::persistence::PersistenceService;
use crate::sessions::{Session, Sessions};
use crate::transcript::{Transcript, TranscriptMessage};

pub use later::LaterMessage;

/// What became of something that was said.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// The conversation: the one that was named, or a new one.
    pub conversation_id: ConversationId,
    /// The message.
    pub message_id: MessageId,
    /// The answer, as it comes.
    pub answer: AnswerHandle,
}

/// Sends messages and brings their answers. Cheap to clone.
#[derive(Clone)]
pub struct MessageService {
    api: Api,
    persistence: PersistenceService,
    sessions: Sessions,
    board: Board,
    settings: ModelSettings,
}

impl MessageService {
    pub(crate) fn new(
        api: Api,
        persistence: PersistenceService,
        sessions: Sessions,
        board: Board,
        settings: ModelSettings,
    ) -> Self {
        Self {
            api,
            persistence,
            sessions,
            board,
            settings,
        }
    }

    /// The same service with other settings for the model.
    #[must_use]
    pub fn with_settings(mut self, settings: ModelSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Says something at the end of a conversation, or in a new one, and asks for the answer.
    ///
    /// When this returns, the message and the wish for its answer are durable on this device; both are sent at once, or when the server is
    /// there again. An answer of this conversation that was asked for and has not begun gives way to the one to this message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was taken then.
    pub async fn send_message(
        &self,
        text: &str,
        conversation_id: Option<ConversationId>,
    ) -> Result<SentMessage, SendError> {
        let message_id = MessageId::new(environment::new_id());
        self.send_as(message_id, text, conversation_id).await
    }

    async fn send_as(
        &self,
        message_id: MessageId,
        text: &str,
        conversation_id: Option<ConversationId>,
    ) -> Result<SentMessage, SendError> {
        let content = vec![Part::Text {
            text: text.to_owned(),
        }];
        self.persistence.check(&content)?;
        let mut open = self.sessions.lock().await;
        let id = conversation_id.unwrap_or_else(|| ConversationId::new(environment::new_id()));
        let session = match open.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) if conversation_id.is_none() => place.insert(self.new_session(id)),
            Entry::Vacant(place) => place.insert(self.sessions.load(id).await?),
        };
        session.reconcile();
        self.supersede(session)?;
        let message = OutgoingMessage::from_user(message_id, session.transcript.head(), text);
        let mut transcript = session.transcript.clone();
        transcript.messages.push(TranscriptMessage {
            id: message_id,
            parent_id: message.parent_id,
            role: Role::User,
            content: message.content.clone(),
            status: manent_types::MessageStatus::Complete,
            is_saved: false,
            run_id: None,
        });
        let (run, payload) = self.wish(&transcript, message_id, session.create.clone());
        let answer = self.board.put(run, &payload);
        let create = session.create.clone();
        if let Err(error) = self.persistence.send(&message, create, run, payload).await {
            self.board.end(run, None);
            return Err(error.into());
        }
        session.transcript = transcript;
        session.awaited.push(answer.clone());
        drop(open);
        self.copy_at_the_end(answer.clone());
        Ok(SentMessage {
            conversation_id: id,
            message_id,
            answer,
        })
    }

    /// Asks for another answer to what was said last in a conversation: for one that failed, or that never came.
    ///
    /// # Errors
    /// [`SendError`]; [`SendError::NothingToAnswer`] when nothing was said.
    pub async fn ask_again(
        &self,
        conversation_id: ConversationId,
    ) -> Result<AnswerHandle, SendError> {
        let mut open = self.sessions.lock().await;
        let session = match open.entry(conversation_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.sessions.load(conversation_id).await?),
        };
        session.reconcile();
        self.supersede(session)?;
        let said = |message: &TranscriptMessage| message.role == Role::User;
        let Some(last) = session.transcript.messages.iter().rposition(said) else {
            return Err(SendError::NothingToAnswer);
        };
        session.transcript.messages.truncate(last + 1);
        let Some(parent_id) = session.transcript.head() else {
            return Err(SendError::NothingToAnswer);
        };
        let (run, payload) = self.wish(&session.transcript, parent_id, session.create.clone());
        let answer = self.board.put(run, &payload);
        self.persistence.want(run, payload).await?;
        session.awaited.push(answer.clone());
        drop(open);
        self.copy_at_the_end(answer.clone());
        Ok(answer)
    }

    /// Streams a completion. Nothing of it is kept, on this device or on the server.
    ///
    /// # Errors
    /// [`ApiError`] when it does not begin.
    pub async fn stream_completion(
        &self,
        messages: &[PromptMessage],
        config: &ModelSettings,
    ) -> Result<CompletionStream, ApiError> {
        CompletionStream::begin(self.api.clone(), messages, config).await
    }

    /// The answers that were asked for and whose end was not seen, those from before a crash included; oldest first.
    pub fn pending_answers(&self) -> Vec<AnswerHandle> {
        self.board.pending()
    }

    /// Ends an answer: one that is coming is stopped on the server, and what came of it is kept; one that has not begun is given up.
    ///
    /// # Errors
    /// [`ApiError`] when the server cannot be told. The answer goes on then.
    pub async fn stop(&self, answer: &AnswerHandle) -> Result<(), ApiError> {
        match answer.progress().stage {
            AnswerStage::Ended => Ok(()),
            AnswerStage::Running => self.stop_run(answer.run_id).await,
            AnswerStage::Asking { .. } => {
                let stopped = self.stop_run(answer.run_id).await;
                self.persistence.give_up(answer.run_id);
                // Where the run is not there, there is nothing to stop.
                stopped.or(Ok(()))
            }
            AnswerStage::Storing | AnswerStage::Waiting(_) => {
                self.persistence.give_up(answer.run_id);
                Ok(())
            }
        }
    }

    /// Replaces the content of a stored message, in order with the other messages: queued durably. The answer is the change's id.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn edit(
        &self,
        message_id: MessageId,
        conversation_id: ConversationId,
        text: &str,
    ) -> Result<MessageId, QueueError> {
        let content = vec![Part::Text {
            text: text.to_owned(),
        }];
        let change = OutgoingChange::Edit {
            message_id,
            content,
        };
        self.persistence
            .queue_change(&change, conversation_id)
            .await
    }

    /// Marks a stored message as deleted, as [`Self::edit`] changes it.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn delete(
        &self,
        message_id: MessageId,
        conversation_id: ConversationId,
    ) -> Result<MessageId, QueueError> {
        let change = OutgoingChange::Delete { message_id };
        self.persistence
            .queue_change(&change, conversation_id)
            .await
    }

    async fn stop_run(&self, run: RunId) -> Result<(), ApiError> {
        let path = format!("/completion/{run}/stop");
        let status: serde_json::Value = self.api.call(Method::POST, &path, None).await?;
        drop(status);
        Ok(())
    }

    fn new_session(&self, id: ConversationId) -> Session {
        Session {
            transcript: Transcript::empty(id),
            create: Some(NewConversation {
                title: None,
                config: self.settings.clone(),
            }),
            awaited: Vec::new(),
        }
    }

    /// Answers that have not begun give way to the next one.
    fn supersede(&self, session: &mut Session) -> Result<(), SendError> {
        let is_coming =
            |handle: &AnswerHandle| matches!(handle.progress().stage, AnswerStage::Running);
        if let Some(coming) = session.awaited.iter().find(|handle| is_coming(handle)) {
            return Err(SendError::AnswerIsComing {
                run_id: coming.run_id,
            });
        }
        self.give_up(session.awaited.drain(..).collect());
        Ok(())
    }

    fn wish(
        &self,
        transcript: &Transcript,
        parent_id: MessageId,
        create: Option<NewConversation>,
    ) -> (RunId, AnswerPayload) {
        let payload = AnswerPayload {
            conversation_id: transcript.conversation_id,
            answer_id: MessageId::new(environment::new_id()),
            parent_id,
            messages: transcript.prompt(),
            config: self.settings.clone(),
            create,
        };
        (RunId::new(environment::new_id()), payload)
    }

    /// Copies the conversation to this device now and when the answer has ended.
    fn copy_at_the_end(&self, mut answer: AnswerHandle) {
        let sessions = self.sessions.clone();
        tokio::spawn(async move {
            for is_last in [false, true] {
                if is_last {
                    answer.end().await;
                }
                let mut open = sessions.lock().await;
                let Some(session) = open.get_mut(&answer.conversation_id) else {
                    return;
                };
                session.reconcile();
                let transcript = session.transcript.clone();
                drop(open);
                sessions.copy(&transcript).await;
            }
        });
    }
}
