//! What a rule answers.

use std::time::Duration;

use manent_domain::completion::{FinishReason, ProviderError};
use manent_types::Usage;

use super::template::Template;

/// How text is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunking {
    /// One chunk.
    Whole,
    /// A word with the space before it.
    Words,
    /// A line with its break.
    Lines,
    /// So many characters.
    Characters(usize),
}

/// When chunks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Before the first chunk of the part.
    pub(crate) first: Duration,
    /// Before each further chunk.
    pub(crate) each: Duration,
}

/// A number from the file or from what a pattern captured.
#[derive(Debug, Clone)]
pub(crate) enum Count {
    Fixed(u64),
    Captured(Template),
}

/// What kind of failure a provider reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Too much to do.
    Overloaded,
    /// Too many requests.
    RateLimited,
    /// The key is missing or wrong.
    Auth,
    /// The key may not do this.
    Permission,
    /// No such model.
    NotFound,
    /// The request is wrong.
    BadRequest,
    /// The request is too large.
    TooLarge,
    /// The provider broke.
    Failed,
    /// The provider took too long.
    Timeout,
}

/// A failure as a provider reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Decides the error's name in each format.
    pub kind: FailureKind,
    /// The HTTP status; absent: what the format uses for the kind.
    pub status: Option<u16>,
    /// In the provider's words.
    pub message: String,
    /// Sent as `retry-after`, rounded up to seconds, and as `retry-after-ms`.
    pub retry_after_ms: Option<u64>,
}

impl Failure {
    /// What an adapter makes of this failure.
    pub fn to_provider_error(&self) -> ProviderError {
        let retry_after_ms = self.retry_after_ms;
        let detail: String = self.message.chars().take(500).collect();
        match self.kind {
            FailureKind::Overloaded => ProviderError::Overloaded { retry_after_ms },
            FailureKind::RateLimited => ProviderError::RateLimited { retry_after_ms },
            FailureKind::Auth | FailureKind::Permission => ProviderError::Auth,
            FailureKind::NotFound | FailureKind::BadRequest | FailureKind::TooLarge => {
                ProviderError::BadRequest { detail }
            }
            FailureKind::Failed | FailureKind::Timeout => ProviderError::Failed { detail },
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The provider says that it failed.
    Fail(Failure),
    /// The connection breaks.
    Drop,
    /// Nothing more comes.
    Hang,
    /// These bytes come, whatever they are; the answer then goes on.
    Malformed(String),
}

/// Where in an answer a fault comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultPlace {
    /// Instead of an answer.
    BeforeFirstByte,
    /// After so many chunks of the answer, or at its end when it has fewer.
    AfterChunks(u64),
}

/// One part of an answer.
#[derive(Debug, Clone)]
pub(crate) struct AnswerPart {
    pub(crate) content: PartContent,
    pub(crate) chunking: Chunking,
    pub(crate) repeat: u64,
    pub(crate) pace: Pace,
}

/// What a part of an answer is.
#[derive(Debug, Clone)]
pub(crate) enum PartContent {
    Text(Template),
    Chunks(Vec<Template>),
    Reasoning(Template),
    Signature(String),
    Tokens(Count),
    ToolCall {
        id: String,
        name: String,
        arguments: Template,
    },
    Pause,
    Fault(Fault),
}

/// Where the figures of an answer come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageRule {
    /// None are told.
    Silent,
    /// Counted; what is given here replaces the count.
    Counted(Usage),
}

/// How a rule answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Before the first byte.
    pub(crate) start_delay: Duration,
    pub(crate) parts: Vec<AnswerPart>,
    pub(crate) fault: Option<(FaultPlace, Fault)>,
    pub(crate) usage: UsageRule,
    pub(crate) finish: FinishReason,
    pub(crate) omits_done: bool,
    pub(crate) respects_max_tokens: bool,
}
