//! `POST /completion/generate` and the data of its events.

use std::borrow::Cow;

use manent_types::{ModelSettings, Role};
use serde::{Deserialize, Serialize};

use crate::content::Content;

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GenerateMessage {
    /// Who said it.
    pub role: Role,
    /// A text or parts.
    pub content: Content,
}

/// What to answer, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GenerateRequest {
    /// The conversation so far, oldest first.
    #[serde(deserialize_with = "manent_types::objects")]
    pub messages: Vec<GenerateMessage>,
    /// How the answer is to be made.
    #[serde(default, deserialize_with = "manent_types::object")]
    pub config: ModelSettings,
}

/// `event: start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartEvent<'text> {
    /// The provider that answers.
    pub provider: Cow<'text, str>,
    /// The model that answers.
    pub model: Cow<'text, str>,
}

/// `event: delta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeltaEvent<'text> {
    /// More of the answer.
    Text {
        /// The piece.
        text: Cow<'text, str>,
    },
    /// More of the reasoning.
    Reasoning {
        /// The piece.
        text: Cow<'text, str>,
    },
    /// The provider's proof for the reasoning before it; keep it with the reasoning part.
    ReasoningSignature {
        /// Opaque.
        signature: Cow<'text, str>,
    },
    /// More of a tool call.
    #[serde(rename_all = "camelCase")]
    ToolCall {
        /// Which call of this answer, from 0.
        index: u32,
        /// The call's id, with its first piece.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'text, str>>,
        /// The tool's name, with its first piece.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'text, str>>,
        /// More of the arguments' JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arguments_delta: Option<Cow<'text, str>>,
    },
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FinishReasonName {
    /// It is whole.
    Stop,
    /// The token limit came.
    Length,
    /// The model waits for a tool.
    ToolUse,
    /// The model declined.
    Refusal,
    /// The provider's filter cut it.
    ContentFilter,
    /// Something else.
    Other,
}

/// `event: done`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoneEvent {
    /// Why it ended.
    pub finish_reason: FinishReasonName,
}

/// `event: error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorEvent<'text> {
    /// Stable.
    pub code: Cow<'text, str>,
    /// For people.
    pub detail: Cow<'text, str>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// To find it in the server's log.
    pub trace_id: Cow<'text, str>,
}
