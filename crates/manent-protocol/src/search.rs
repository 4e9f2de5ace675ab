//! `GET /search`.

use manent_types::{ConversationId, MessageId, Role, Timestamp};
use serde::{Deserialize, Serialize};

/// What matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HitKindName {
    /// The title of a conversation.
    Title,
    /// A message.
    Message,
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPieceResource {
    /// The words as they stand in the message.
    pub text: String,
    /// True where they match.
    #[serde(default, rename = "match", skip_serializing_if = "std::ops::Not::not")]
    pub is_match: bool,
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHitResource {
    /// What matched.
    pub kind: HitKindName,
    /// Where.
    pub conversation_id: ConversationId,
    /// The conversation's title.
    pub conversation_title: Option<String>,
    /// For a message: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// For a message: its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// For a message: who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The words around the match.
    pub snippet: Vec<SnippetPieceResource>,
    /// When the message, or the conversation, was created.
    pub created_at: Timestamp,
}

/// Hits, titles first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResponse {
    /// In the asked order.
    pub hits: Vec<SearchHitResource>,
    /// For `?cursor=`; `null` at the end.
    pub next: Option<String>,
}
