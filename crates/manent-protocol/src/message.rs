//! Messages as they are read.

use manent_types::{ConversationId, MessageId, MessageStatus, Part, Role, RunId, Timestamp, Usage};
use serde::{Deserialize, Serialize};

/// A stored message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageResource {
    /// Its id.
    pub id: MessageId,
    /// Where it belongs.
    pub conversation_id: ConversationId,
    /// The message that it follows; `null` for a root.
    pub parent_id: Option<MessageId>,
    /// 1, 2, 3 … in the conversation.
    pub seq: u64,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// How it came to its end.
    pub status: MessageStatus,
    /// The model that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// When it was written, by the client's clock.
    pub created_at: Timestamp,
    /// When it was stored, by the server's clock.
    pub stored_at: Timestamp,
    /// The run that writes or wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// When its content was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted; its content is not shown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// `GET /conversation/{id}/messages`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageList {
    /// Ascending in `seq`.
    pub messages: Vec<MessageResource>,
    /// For `?cursor=`, in the same direction; `null` at the end.
    pub next: Option<String>,
}
