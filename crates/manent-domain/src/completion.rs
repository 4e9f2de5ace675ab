//! Generations: what goes to a provider and what comes back.

use std::pin::Pin;

use futures_core::Stream;
use manent_types::{ModelSettings, Part, Role, Usage, UserId};
use serde::{Deserialize, Serialize};

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptMessage {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
    /// The conversation so far, oldest first.
    pub messages: Vec<PromptMessage>,
    /// How the answer is to be made.
    pub settings: ModelSettings,
}

/// What a provider gets: as the request, with the model decided.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderRequest {
    /// In whose name it is asked; a provider may want a key of theirs.
    pub owner: UserId,
    /// The conversation so far, oldest first.
    pub messages: Vec<PromptMessage>,
    /// The model's id as the provider knows it.
    pub model: String,
    /// How the answer is to be made; `provider` and `model` are decided already and not looked at.
    pub settings: ModelSettings,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// It is whole, or a stop text came.
    Stop,
    /// The token limit came.
    Length,
    /// The model waits for a tool.
    ToolUse,
    /// The model declined.
    Refusal,
    /// The provider's filter cut it.
    ContentFilter,
    /// Something that Manent does not know.
    Other,
}

/// One event of a generation. A stream of them ends with one `Done`, with an error, or, when it is dropped, nowhere.
#[derive(Debug, Clone, PartialEq)]
pub enum CompletionEvent {
    /// More of the answer.
    Text(String),
    /// More of the reasoning.
    Reasoning(String),
    /// The provider's proof for the reasoning before it.
    ReasoningSignature(String),
    /// More of a tool call.
    ToolCall {
        /// Which call of this answer, from 0.
        index: u32,
        /// The call's id, with its first piece.
        id: Option<String>,
        /// The tool's name, with its first piece.
        name: Option<String>,
        /// More of the arguments' JSON.
        arguments_delta: Option<String>,
    },
    /// What is known about the cost so far.
    Usage(Usage),
    /// The end.
    Done(FinishReason),
}

/// A running generation. Dropping it cancels the provider's call.
pub type CompletionStream =
    Pin<Box<dyn Stream<Item = Result<CompletionEvent, ProviderError>> + Send + 'static>>;

/// What can go wrong at a provider. `detail` is the provider's own explanation, cut to 500 characters and free of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No connection.
    #[error("the model's provider cannot be reached")]
    Unreachable,
    /// No connection, no first byte or no further byte in time.
    #[error("the model's provider did not answer in time ({stage})")]
    Timeout {
        /// `connect`, `first byte` or `silence`.
        stage: &'static str,
    },
    /// Too many requests (429).
    #[error("the model's provider limits the rate of requests")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after_ms: Option<u64>,
    },
    /// The provider has too much to do (503, 529).
    #[error("the model's provider is overloaded")]
    Overloaded {
        /// How long the provider asks to wait.
        retry_after_ms: Option<u64>,
    },
    /// The key is missing, wrong or not allowed to do this (401, 403).
    #[error("the model's provider did not accept the configured key")]
    Auth,
    /// The provider wants a key of the person's own, and there is none.
    #[error("this provider wants a key of your own: store one for it first")]
    OwnKeyMissing,
    /// The person's own key is over.
    #[error("your key for this provider has expired: store a new one")]
    OwnKeyExpired,
    /// The person's own key, or the address beside it, cannot be used.
    #[error("your key for this provider cannot be used: {reason}")]
    OwnKeyUnusable {
        /// Without the key.
        reason: String,
    },
    /// The person's own key cannot be looked up now.
    #[error("your key for this provider cannot be looked up right now")]
    OwnKeyUnavailable,
    /// The address that the person chose leads nowhere, or where people may not send the server. Which, is not told.
    #[error("the base URL that you gave leads to no address that is allowed here")]
    BaseUrlRefused,
    /// The provider does not take the request (other 4xx).
    #[error("the model's provider did not accept the request: {detail}")]
    BadRequest {
        /// In the provider's words.
        detail: String,
    },
    /// The provider failed (other 5xx, or an error in mid-stream).
    #[error("the model's provider failed: {detail}")]
    Failed {
        /// In the provider's words.
        detail: String,
    },
    /// What came is not the provider's protocol.
    #[error("the model's provider sent what Manent does not understand: {detail}")]
    Protocol {
        /// What was wrong, without content.
        detail: String,
    },
    /// The stream ended before its end was told.
    #[error("the connection to the model's provider broke in the middle of the answer")]
    Truncated,
}

impl ProviderError {
    /// The stable code, as it stands on the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "provider_unreachable",
            Self::Timeout { .. } => "provider_timeout",
            Self::RateLimited { .. } => "provider_rate_limited",
            Self::Overloaded { .. } => "provider_overloaded",
            Self::Auth => "provider_auth",
            Self::OwnKeyMissing => "own_key_missing",
            Self::OwnKeyExpired => "own_key_expired",
            Self::OwnKeyUnusable { .. } => "own_key_unusable",
            Self::OwnKeyUnavailable => "own_key_unavailable",
            Self::BaseUrlRefused => "base_url_refused",
            Self::BadRequest { .. } => "provider_bad_request",
            Self::Failed { .. } => "provider_failed",
            Self::Protocol { .. } => "provider_protocol",
            Self::Truncated => "provider_truncated",
        }
    }

    /// Whether the same request may succeed later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable
            | Self::OwnKeyUnavailable
            | Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Failed { .. }
            | Self::Truncated => true,
            Self::Auth
            | Self::OwnKeyMissing
            | Self::OwnKeyExpired
            | Self::OwnKeyUnusable { .. }
            | Self::BaseUrlRefused
            | Self::BadRequest { .. }
            | Self::Protocol { .. } => false,
        }
    }

    /// How long the provider asks to wait.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after_ms } | Self::Overloaded { retry_after_ms } => {
                *retry_after_ms
            }
            _ => None,
        }
    }
}

/// A model as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDescription {
    /// The provider's id in the configuration.
    pub provider: String,
    /// The model's id as the provider knows it.
    pub model: String,
    /// For people.
    pub name: String,
    /// Takes pictures.
    pub vision: Option<bool>,
    /// Thinks before it answers.
    pub reasoning: Option<bool>,
    /// In tokens.
    pub context_window: Option<u64>,
}
