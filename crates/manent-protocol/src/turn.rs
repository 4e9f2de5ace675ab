//! `POST /turn/start`.

use manent_types::{ConversationId, MessageId, ModelSettings, RunId, Timestamp};
use serde::Deserialize;

use crate::completion::GenerateMessage;
use crate::content::Content;

/// The conversation to create, unless it is there.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnConversation {
    /// A title set by the person.
    #[serde(default)]
    pub title: Option<String>,
    /// Model settings of the conversation.
    #[serde(default, deserialize_with = "manent_types::object")]
    pub config: ModelSettings,
}

/// The person's message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnMessage {
    /// Absent: the server mints one.
    #[serde(default)]
    pub id: Option<MessageId>,
    /// Absent: after the newest message; `null`: a root; an id: after that message.
    #[serde(default, deserialize_with = "crate::append::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageId>))]
    pub parent_id: Option<Option<MessageId>>,
    /// A text or parts.
    pub content: Content,
    /// When it was written, by the client's clock. Absent: now.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// A person's message and how to answer it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnRequest {
    /// Absent: a new conversation.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// Creates the conversation unless it is there.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub create: Option<TurnConversation>,
    /// The person's message.
    #[serde(deserialize_with = "manent_types::object")]
    pub message: TurnMessage,
    /// What came before it, oldest first.
    #[serde(default, deserialize_with = "manent_types::objects")]
    pub history: Vec<GenerateMessage>,
    /// How the answer is to be made.
    #[serde(default, deserialize_with = "manent_types::object")]
    pub config: ModelSettings,
    /// The id of the answer's message; absent: the server mints one.
    #[serde(default)]
    pub answer_id: Option<MessageId>,
    /// The id of the run; absent: the server mints one.
    #[serde(default)]
    pub run_id: Option<RunId>,
}
