//! What can go wrong below the surfaces.

use std::time::Duration;

use manent_types::MessageId;

use crate::completion::ProviderError;
use crate::ports::StoreError;

/// Why a message can never be stored. Each has a stable code that clients may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The caller has no such conversation.
    #[error("there is no conversation with this id")]
    ConversationNotFound,
    /// No message with the parent's id is stored or stands earlier in the batch.
    #[error("the parent message does not exist")]
    ParentUnknown,
    /// The parent belongs to another conversation.
    #[error("the parent message belongs to another conversation")]
    ParentElsewhere,
    /// The role is none that a client may append.
    #[error("the role must be user, assistant, system or tool")]
    RoleNotAllowed,
    /// There is nothing in the content.
    #[error("the content is empty")]
    ContentEmpty,
    /// The message is larger than the limits allow.
    #[error("the message is larger than this server accepts")]
    MessageTooLarge,
    /// An id is no UUID.
    #[error("an id is not a UUID")]
    InvalidId,
    /// A field is missing, unknown or of the wrong type.
    #[error("a field is missing, unknown or of the wrong type")]
    InvalidBody,
    /// A value is outside its range.
    #[error("a value is outside its range")]
    InvalidValue,
    /// `deviceSeq` without `deviceId`, or the other way round, or a number below 1.
    #[error("deviceId and deviceSeq go together, and deviceSeq counts from 1")]
    InvalidLane,
    /// The conversation has no message with the id that is to be changed.
    #[error("the message to be changed does not exist in this conversation")]
    TargetUnknown,
    /// The message to be changed is an answer that is still being written.
    #[error("the answer is still being written; stop it first")]
    TargetRunning,
}

impl Refusal {
    /// Every refusal, in the order of declaration.
    pub const ALL: [Self; 12] = [
        Self::ConversationNotFound,
        Self::ParentUnknown,
        Self::ParentElsewhere,
        Self::RoleNotAllowed,
        Self::ContentEmpty,
        Self::MessageTooLarge,
        Self::InvalidId,
        Self::InvalidBody,
        Self::InvalidValue,
        Self::InvalidLane,
        Self::TargetUnknown,
        Self::TargetRunning,
    ];

    /// The stable code, as it stands on the wire and in the stores.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConversationNotFound => "conversation_not_found",
            Self::ParentUnknown => "parent_unknown",
            Self::ParentElsewhere => "parent_elsewhere",
            Self::RoleNotAllowed => "role_not_allowed",
            Self::ContentEmpty => "content_empty",
            Self::MessageTooLarge => "message_too_large",
            Self::InvalidId => "invalid_id",
            Self::InvalidBody => "invalid_body",
            Self::InvalidValue => "invalid_value",
            Self::InvalidLane => "invalid_lane",
            Self::TargetUnknown => "target_unknown",
            Self::TargetRunning => "target_running",
        }
    }

    /// The refusal with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }
}

/// What a service answers when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// The caller has no such conversation.
    #[error("there is no conversation with this id")]
    ConversationNotFound,
    /// The caller has no such message.
    #[error("there is no message with this id")]
    MessageNotFound,
    /// The message that was to be stored can never be.
    #[error("the message cannot be stored: {0}")]
    MessageRefused(Refusal),
    /// The id of the message that was to be stored belongs to another one.
    #[error("another message has this id")]
    MessageIdTaken,
    /// The request as a whole is outside the rules.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field in the words of the caller's surface, such as `config.temperature`.
        field: &'static str,
        /// For people.
        reason: String,
    },
    /// The caller has no such run.
    #[error("there is no run with this id")]
    RunNotFound,
    /// The cursor belongs to another run.
    #[error("this cursor belongs to another run")]
    CursorForeign,
    /// The cursor lies ahead of everything that happened.
    #[error("this cursor lies ahead of what happened; read the message, or the lists, instead")]
    CursorAhead,
    /// The log of the run was cleared; its message has the answer.
    #[error("the log of this run was cleared; read the message instead")]
    RunLogCleared {
        /// Where the answer is, if the run recorded it.
        message: Option<MessageId>,
    },
    /// The server takes no new work because it stops, or runs too many already.
    #[error("the server has too much to do")]
    Overloaded,
    /// The caller did for now as much as one may.
    #[error("{detail}")]
    LimitReached {
        /// The stable code.
        code: &'static str,
        /// For people: of what, and how much there is.
        detail: String,
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// There is a budget in money, and nobody said what the model costs.
    #[error(
        "there is a budget in money here, and the model {model:?} of the provider {provider:?} has no price; choose another model, or have its price \
         configured (`input_price` and `output_price`)"
    )]
    ModelWithoutPrice {
        /// The provider's id.
        provider: String,
        /// The model's.
        model: String,
    },
    /// More items than one batch may have.
    #[error("a batch has at most {limit} messages")]
    BatchTooLarge {
        /// The most that is allowed.
        limit: usize,
    },
    /// The message or prompt is larger than the limits allow.
    #[error("the message is larger than this server accepts")]
    MessageTooLarge,
    /// No configured provider has this id.
    #[error("no provider with this id is configured")]
    UnknownProvider,
    /// No configured provider has this model.
    #[error("no configured provider has this model")]
    UnknownModel,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider failed before its first byte.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_found_by_its_code() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
        }
    }
}
