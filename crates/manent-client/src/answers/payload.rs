//! What is needed to ask for an answer again.

use manent_types::{ConversationId, MessageId, ModelSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::completion::PromptMessage;
use crate::payload::NewConversation;

/// What is needed to ask for an answer again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnswerPayload {
    pub(crate) conversation_id: ConversationId,
    /// The answer's message.
    pub(crate) answer_id: MessageId,
    /// The message that is answered.
    pub(crate) parent_id: MessageId,
    /// The conversation so far, oldest first.
    pub(crate) messages: Vec<PromptMessage>,
    pub(crate) config: ModelSettings,
    /// The conversation may not exist yet: it is created first, so that the server can keep the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) create: Option<NewConversation>,
}

impl AnswerPayload {
    /// Asks the server to keep the answer, whether or not this device comes back.
    pub(crate) fn record(&self) -> Value {
        json!({
            "conversationId": self.conversation_id,
            "messageId": self.answer_id,
            "parentId": self.parent_id,
        })
    }
}
