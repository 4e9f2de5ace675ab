//! The events of a completion.

use manent_protocol::{
    DeltaEvent, DoneEvent, ErrorEvent, FinishReasonName, NoticeEvent, StartEvent,
};
use manent_types::{MessageStatus, Usage};

use super::sse::RawEvent;

/// What the server said about what it has kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    /// How the run ended.
    pub status: Option<MessageStatus>,
    /// All that was to be stored is stored; absent when nothing was to be.
    pub persisted: Option<bool>,
    /// Where in the server's journal lies what is not stored yet.
    pub journal_position: Option<u64>,
}

/// One event of a completion.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CompletionEvent {
    /// The model begins.
    Start {
        /// The provider that answers.
        provider: String,
        /// The model that answers.
        model: String,
    },
    /// More of the answer.
    Delta(DeltaEvent<'static>),
    /// What it costs so far.
    Usage(Usage),
    /// Something about the stream that is not the answer.
    Notice {
        /// Stable.
        code: String,
        /// For people.
        detail: String,
    },
    /// The end.
    Done {
        /// Why it ended.
        finish_reason: FinishReasonName,
        /// What is kept.
        receipt: Receipt,
    },
    /// The end, and not the one that was wanted.
    Failed {
        /// Stable.
        code: String,
        /// For people.
        detail: String,
        /// Whether a new request may succeed.
        is_retryable: bool,
        /// What is kept.
        receipt: Receipt,
    },
}

impl CompletionEvent {
    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. })
    }

    /// Reads an event; absent for one that this program does not know or cannot read, so that servers may add some.
    pub(crate) fn read(raw: &RawEvent) -> Option<Self> {
        let data = raw.data.as_str();
        Some(match raw.name.as_str() {
            "start" => {
                let start: StartEvent<'_> = serde_json::from_str(data).ok()?;
                Self::Start {
                    provider: start.provider.into_owned(),
                    model: start.model.into_owned(),
                }
            }
            "delta" => Self::Delta(serde_json::from_str(data).ok()?),
            "usage" => Self::Usage(serde_json::from_str(data).ok()?),
            "notice" => {
                let notice: NoticeEvent<'_> = serde_json::from_str(data).ok()?;
                Self::Notice {
                    code: notice.code.into_owned(),
                    detail: notice.detail.into_owned(),
                }
            }
            "done" => {
                let done: DoneEvent = serde_json::from_str(data).ok()?;
                Self::Done {
                    finish_reason: done.finish_reason,
                    receipt: Receipt {
                        status: done.status,
                        persisted: done.persisted,
                        journal_position: done.journal_position,
                    },
                }
            }
            "error" => {
                let error: ErrorEvent<'_> = serde_json::from_str(data).ok()?;
                Self::Failed {
                    code: error.code.into_owned(),
                    detail: error.detail.into_owned(),
                    is_retryable: error.retryable,
                    receipt: Receipt {
                        status: error.status,
                        persisted: error.persisted,
                        journal_position: error.journal_position,
                    },
                }
            }
            _ => return None,
        })
    }
}
