//! `POST /completion/generate` and the data of its events.

use std::borrow::Cow;

use manent_types::{
    ConversationId, MessageId, MessageStatus, ModelSettings, Role, RunId, Timestamp,
};
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
    /// Makes it a run: it outlives its reader, and starting it again attaches.
    #[serde(default)]
    pub run_id: Option<RunId>,
    /// Asks the server to store the answer; needs `runId`.
    #[serde(default, deserialize_with = "manent_types::optional_object")]
    pub record: Option<RecordRequest>,
}

/// Where the server stores the answer of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordRequest {
    /// The conversation; must exist.
    pub conversation_id: ConversationId,
    /// The id of the answer's message.
    pub message_id: MessageId,
    /// Absent: after the newest message; `null`: a root; an id: after that message.
    #[serde(default, deserialize_with = "crate::append::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageId>))]
    pub parent_id: Option<Option<MessageId>>,
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
    /// The run, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// Of a turn: where it happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Of a turn: the person's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// Of a turn: the answer's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_id: Option<MessageId>,
}

/// `event: notice`: something about a run that is in no log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeEvent<'text> {
    /// Stable: `not_logged`, `not_recorded`.
    pub code: Cow<'text, str>,
    /// For people.
    pub detail: Cow<'text, str>,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunResource {
    /// Its id.
    pub id: RunId,
    /// How it stands.
    pub status: MessageStatus,
    /// The provider that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Where its answer is stored, if the server does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The message of its answer, if the server stores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The `id:` of the last stored event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_id: Option<String>,
    /// Somebody asked it to stop.
    pub stop_requested: bool,
    /// Its log is gone; the message is left.
    pub log_cleared: bool,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
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
    /// Of a run: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Of a run: the events are in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<bool>,
    /// Of a run: all that was to be stored is stored; absent when nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persisted: Option<bool>,
    /// Of a run: where in the server's journal lies what is not stored yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_position: Option<u64>,
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
    /// Of a run: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Of a run: the events are in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<bool>,
    /// Of a run: all that was to be stored is stored; absent when nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persisted: Option<bool>,
    /// Of a run: where in the server's journal lies what is not stored yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_position: Option<u64>,
}
