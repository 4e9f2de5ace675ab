//! What the other side answered, and the one place that says what each class of error means.

use crate::id::ItemId;
use crate::item::FailReason;
use crate::time::Millis;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server told each item's outcome, or claims so: fewer, unknown and doubled ids are expected and harmless.
    Outcomes(Vec<ItemOutcome>),
    /// The request failed as a whole.
    Failed(Failure),
}

/// One item's outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemOutcome {
    /// Which item.
    pub id: ItemId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable now.
    Stored {
        /// Its place.
        position: Option<u64>,
    },
    /// Durable before: as good as stored.
    Duplicate {
        /// Its place.
        position: Option<u64>,
    },
    /// The id belongs to something else.
    IdTaken,
    /// The lane's number belongs to another item; this one is not stored and needs another number.
    NumberTaken,
    /// An earlier number of the lane is missing.
    Gap {
        /// The number with which to go on.
        expected: Option<u64>,
    },
    /// It can never be stored.
    Rejected {
        /// Stable.
        code: String,
        /// For people.
        detail: Option<String>,
    },
    /// What it builds on was refused.
    Blocked,
}

/// Why a request failed as a whole, by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Network, time-out, 5xx, or an answer that makes no sense.
    Infrastructure,
    /// Nothing left this device: the shell knows that there is no network and did not try. The items can still be changed and taken back.
    NotSent,
    /// 429, or 503 with `Retry-After`.
    BackPressure {
        /// The least time to wait.
        retry_after_ms: Option<Millis>,
    },
    /// Nobody is signed in any more.
    Auth,
    /// The server refuses the request for what is in it.
    Permanent {
        /// Stable.
        code: String,
        /// For people.
        detail: Option<String>,
    },
    /// The shell or the user broke it off.
    UserAbort,
}

/// What a failed request means for the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Retry after a back-off; counts for the breaker.
    BackOff,
    /// Retry, not before this long; the breaker does not move.
    HoldFor(Option<Millis>),
    /// Stop until someone signs in; the breaker learns that the server is there.
    PauseForSignIn,
    /// Find the item that is to blame; the breaker learns that the server is there.
    Blame(FailReason),
    /// Try again soon; nothing is counted.
    Again,
}

impl Failure {
    /// The one exhaustive match over the classes of errors.
    pub(crate) fn reaction(self) -> Reaction {
        match self {
            Self::Infrastructure | Self::NotSent => Reaction::BackOff,
            Self::BackPressure { retry_after_ms } => Reaction::HoldFor(retry_after_ms),
            Self::Auth => Reaction::PauseForSignIn,
            Self::Permanent { code, detail } => {
                Reaction::Blame(FailReason::Rejected { code, detail })
            }
            Self::UserAbort => Reaction::Again,
        }
    }
}
