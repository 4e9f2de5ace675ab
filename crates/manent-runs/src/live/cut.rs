//! Why a run is cut, and how it ends then.

use manent_domain::error::{DomainError, Refusal};
use manent_domain::run::{RunEnd, RunFailure};
use manent_types::MessageStatus;

/// Why what was to be kept can never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The registration or the message, for this reason.
    Because(Refusal),
    /// The id of the person's message belongs to another one.
    IdTaken,
}

impl Refused {
    /// As the answer to who asked.
    pub(crate) const fn error(self) -> DomainError {
        match self {
            Self::Because(Refusal::ConversationNotFound) => DomainError::ConversationNotFound,
            Self::Because(refusal) => DomainError::MessageRefused(refusal),
            Self::IdTaken => DomainError::MessageIdTaken,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Because(refusal) => refusal.code(),
            Self::IdTaken => "id_taken",
        }
    }
}

/// Why a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Somebody asked for it.
    Stopped,
    /// The process ends.
    Interrupted,
    /// What it was to keep was refused before the provider answered.
    Refused(Refused),
    /// A run with this id was there already; readers go on with that one.
    Redirected,
}

/// The end of a run that was cut.
pub(crate) fn end_of_cut(cut: Cut) -> RunEnd {
    let failed = |status, code: &str, detail: String, retryable| RunEnd {
        status,
        finish_reason: None,
        failure: Some(RunFailure {
            code: code.to_owned(),
            detail,
            retryable,
        }),
    };
    match cut {
        Cut::Stopped => failed(
            MessageStatus::Stopped,
            "stopped",
            "the answer was stopped".to_owned(),
            false,
        ),
        Cut::Interrupted | Cut::Redirected => RunEnd::interrupted(),
        Cut::Refused(why) => failed(
            MessageStatus::Failed,
            why.code(),
            why.error().to_string(),
            false,
        ),
    }
}
