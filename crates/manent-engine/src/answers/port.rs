//! Inputs and outputs: everything that passes between the machine and its shell.

use manent_types::RunId;

use super::failure::AnswerFailure;
use super::stored::StoredAnswer;
use crate::id::PersistId;
use crate::time::Millis;
use crate::trace::TraceContext;

/// An answer that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer<P> {
    /// Minted by the caller; never used for anything else.
    pub run: RunId,
    /// Opaque: whatever the shell needs to ask again.
    pub payload: P,
    /// The trace in which it is asked for.
    pub trace: Option<TraceContext>,
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerInput<P> {
    /// Time passed. Spurious ones do nothing.
    Wake,
    /// Remember this answer and then ask for it. One that is known already is ignored.
    Want(NewAnswer<P>),
    /// The store holds everything of this transaction, durably.
    Persisted(PersistId),
    /// The store refused this transaction as a whole. It is asked for again.
    PersistFailed(PersistId),
    /// The first event of the run came.
    Began(RunId),
    /// Its end was seen, or nobody wants it any more.
    Ended(RunId),
    /// Asking for it failed, or its stream broke. [`super::read_failure`] gives the class.
    Failed {
        /// Which.
        run: RunId,
        /// How.
        failure: AnswerFailure,
    },
    /// The network is back, the window has the focus, or the user wants it now: try once, early. The schedule stays.
    ProbeNow,
    /// Someone signed in: go on.
    SignedIn,
    /// Look after these now: their holder is gone, or handed them over. It must be what the store holds.
    Adopt(Vec<StoredAnswer<P>>),
    /// Another machine of the same store looks after these now, or saw their end: forget them, and leave the store alone.
    Release(Vec<RunId>),
    /// The device's store was emptied or replaced under us: nothing in it counts until it is confirmed anew.
    StorageLost,
}

/// One change of the device's store. The operations of one [`AnswerOutput::Persist`] are one transaction: all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerOperation<P> {
    /// Write the answer under its run, over whatever was there.
    Put(StoredAnswer<P>),
    /// Remove the answer; one that is not there is as good.
    Delete(RunId),
}

/// What the shell must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerOutput<P> {
    /// Write all of this in one transaction, durably, then answer [`AnswerInput::Persisted`] or [`AnswerInput::PersistFailed`].
    /// There is never a second one before the answer to the first. The ids are this machine's own, apart from those of the outbox.
    Persist(PersistId, Vec<AnswerOperation<P>>),
    /// Ask for the answer under its run id, from its beginning, then tell [`AnswerInput::Began`], [`AnswerInput::Ended`] or
    /// [`AnswerInput::Failed`]. It takes the place of an earlier request for the same run: that one is broken off and not told of any more.
    Start {
        /// Which.
        run: RunId,
        /// What [`AnswerInput::Want`] brought.
        payload: P,
        /// The trace in which it was asked for.
        trace: Option<TraceContext>,
        /// 1 for the first time since the machine was made.
        attempt: u32,
    },
    /// Tell whoever is interested.
    Notify(AnswerEvent),
    /// Call again at this time by the caller's clock, with [`AnswerInput::Wake`]. Replaces earlier ones; earlier or later calls do no harm.
    WakeAt(Millis),
}

/// Why an answer is not being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerWait {
    /// The last try failed; the next one follows, by the caller's clock.
    Retry {
        /// When.
        at: Millis,
    },
    /// The server asked for patience.
    BackPressure {
        /// Until when, by the caller's clock.
        until: Millis,
    },
    /// The server is away: the breaker is open, or its probe is under way.
    ServerAway {
        /// When the next probe goes, by the caller's clock; absent while one is under way.
        until: Option<Millis>,
    },
    /// Someone has to sign in.
    SignIn,
    /// It is not its turn: others are being asked for, or what it answers is not stored yet.
    BehindAnother {
        /// When it is asked for at the latest, where that is known.
        until: Option<Millis>,
    },
}

impl AnswerWait {
    /// The stable word that clients show.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::BackPressure { .. } => "server_busy",
            Self::ServerAway { .. } => "server_away",
            Self::SignIn => "sign_in",
            Self::BehindAnother { .. } => "behind_another",
        }
    }

    /// When the next try goes, by the caller's clock, where that is known.
    pub const fn until(self) -> Option<Millis> {
        match self {
            Self::Retry { at: until } | Self::BackPressure { until } => Some(until),
            Self::ServerAway { until } | Self::BehindAnother { until } => until,
            Self::SignIn => None,
        }
    }
}

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerState {
    /// The device's store has not confirmed it: it is not asked for.
    Storing,
    /// It is being asked for.
    Starting {
        /// For so many times.
        attempt: u32,
    },
    /// It is coming.
    Running,
    /// It is asked for later.
    Waiting(AnswerWait),
}

/// Why a wish was not followed. Nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// As many answers are waited for as may be.
    #[error("too many answers are waited for")]
    Full,
}

/// What whoever shows the answers wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerEvent {
    /// An answer stands somewhere else now.
    State {
        /// Which.
        run: RunId,
        /// Where.
        state: AnswerState,
    },
    /// It is never asked for again and leaves the store; `code` says why.
    Failed {
        /// Which.
        run: RunId,
        /// Stable.
        code: String,
    },
    /// It has ended and leaves the store.
    Ended {
        /// Which.
        run: RunId,
    },
    /// A wish was not followed; nothing changed.
    Refused {
        /// About which.
        run: RunId,
        /// Why.
        error: AnswerError,
    },
    /// The device's store refused a transaction; it is tried again.
    StorageRefused {
        /// So many times in a row.
        attempts: u32,
    },
    /// The device's store works again.
    StorageRecovered,
    /// The machine caught itself about to break a promise and did not. A bug: report it.
    InvariantHeld(&'static str),
}
