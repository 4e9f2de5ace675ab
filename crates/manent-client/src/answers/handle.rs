//! What whoever waits for an answer sees of it.

use manent_engine::answers::AnswerWait;
use manent_types::{ConversationId, MessageId, RunId};
use tokio::sync::watch;

use crate::completion::AnswerContent;

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStage {
    /// This device has not confirmed the wish yet.
    Storing,
    /// It is being asked for.
    Asking {
        /// For so many times since the client was opened.
        attempt: u32,
    },
    /// It is coming.
    Running,
    /// It is asked for later.
    Waiting(AnswerWait),
    /// Nothing more comes; [`AnswerContent::status`] says how it ended. Without a status nobody wants it any more.
    Ended,
}

/// An answer as far as it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerProgress {
    /// Where it stands.
    pub stage: AnswerStage,
    /// What has come of it.
    pub content: AnswerContent,
    /// How often it had to begin anew with other words, because the server lost what it had of it.
    pub restarts: u32,
}

impl AnswerProgress {
    /// Whether nothing more comes.
    pub fn has_ended(&self) -> bool {
        self.stage == AnswerStage::Ended
    }
}

/// An answer that was asked for. Dropping this does not give it up: it is kept all the same.
#[derive(Debug, Clone)]
pub struct AnswerHandle {
    /// The run on the server.
    pub run_id: RunId,
    /// The conversation that it belongs to.
    pub conversation_id: ConversationId,
    /// The answer's message.
    pub answer_id: MessageId,
    /// The message that is answered.
    pub parent_id: MessageId,
    pub(super) progress: watch::Receiver<AnswerProgress>,
    pub(super) given: usize,
    pub(super) restarts: u32,
}

impl AnswerHandle {
    /// The answer as far as it has come.
    pub fn progress(&self) -> AnswerProgress {
        self.progress.borrow().clone()
    }

    /// Waits until there is something new, and gives it. At the end it gives the same again.
    pub async fn changed(&mut self) -> AnswerProgress {
        if !self.progress.borrow().has_ended() {
            // Fails only when the client is closed: then this is all that comes.
            let _ = self.progress.changed().await;
        }
        self.progress.borrow_and_update().clone()
    }

    /// Whether the client was closed before the answer's end.
    pub fn is_abandoned(&self) -> bool {
        self.progress.has_changed().is_err() && !self.progress.borrow().has_ended()
    }

    /// Waits for more of the text than was given by earlier calls; absent at the end. An answer that begins anew is given from its beginning.
    pub async fn next_text(&mut self) -> Option<String> {
        loop {
            if let Some(text) = self.new_text() {
                return Some(text);
            }
            if self.progress.borrow().has_ended() || self.progress.changed().await.is_err() {
                return self.new_text();
            }
        }
    }

    /// The text that came since the last call.
    pub fn new_text(&mut self) -> Option<String> {
        let progress = self.progress.borrow_and_update();
        if progress.restarts != self.restarts {
            self.restarts = progress.restarts;
            self.given = 0;
        }
        let text = progress.content.text.get(self.given..)?.to_owned();
        self.given += text.len();
        (!text.is_empty()).then_some(text)
    }

    /// Waits for the end and gives the whole answer.
    pub async fn end(&mut self) -> AnswerContent {
        // Fails only when the client is closed: then this is all that comes.
        let _ = self.progress.wait_for(AnswerProgress::has_ended).await;
        self.progress.borrow().content.clone()
    }
}
