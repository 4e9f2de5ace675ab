//! What can go wrong. Each is a broken promise.

use manent_engine::{FailReason, ItemId};
use manent_types::RunId;

/// A promise that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A request held an item that the device's store did not hold in that form.
    #[error("{0} was sent before it was persisted")]
    SentBeforePersisted(ItemId),
    /// A request held an item whose parent was still to be sent.
    #[error("{0} was sent before what it builds on")]
    SentBeforeParent(ItemId),
    /// The user was told that an item is safe, and it is not in the store.
    #[error("{0} was called safe and is not in the store")]
    AcceptedNotPersisted(ItemId),
    /// The store lost an item that the server does not have and that the user did not end.
    #[error("{0} was removed from the store and is nowhere else")]
    Lost(ItemId),
    /// The server has a row twice, or one that nobody wrote.
    #[error("{0} is on the server more than once, or was never written")]
    StoredTwice(ItemId),
    /// The user was told that an item is gone for good, and the store has it.
    #[error("{0} was called removed and is in the store")]
    NotRemoved(ItemId),
    /// What the server has is not what the user wrote.
    #[error("{0} is on the server with other content")]
    Altered(ItemId),
    /// The user had taken it back before it was sent, and the server has it.
    #[error("{0} was taken back and is on the server")]
    SentThoughTakenBack(ItemId),
    /// The server stored an item after a later one of the same author and lane.
    #[error("{0} was stored out of order")]
    OutOfOrder(ItemId),
    /// The user was told that a decision holds, and the store does not know of it.
    #[error("what the user decided about {0} was called done and is not in the store")]
    DecidedTooEarly(ItemId),
    /// The user was told that it is saved, and the server does not have it.
    #[error("{0} was called saved and is not on the server")]
    NotSaved(ItemId),
    /// The user was told that it failed, and it is on the server; or for a reason that cannot be.
    #[error("{0} was called failed ({1:?}), which is not true")]
    NotFailed(ItemId, FailReason),
    /// A second request while one is under way.
    #[error("a second request was sent while one is under way")]
    TwoRequests,
    /// A second transaction while one is under way.
    #[error("a second transaction was asked for while one is under way")]
    TwoTransactions,
    /// More than one item, or too early, while the server is known to be away.
    #[error("the breaker let through {items} items {after_ms} ms after failure {failures}")]
    NotAProbe {
        /// In the request.
        items: usize,
        /// Since the last failure.
        after_ms: u64,
        /// In a row.
        failures: u32,
    },
    /// A request before the time that the server had asked for.
    #[error("a request was sent {early_ms} ms before the time that the server had asked for")]
    Impatient {
        /// By so much.
        early_ms: u64,
    },
    /// A new leader sent before the end of the open time that the device's store tells, or the store was not told what the server asked for.
    #[error("the pace is forgotten: {early_ms} ms of patience are missing")]
    ForgotThePace {
        /// By so much.
        early_ms: u64,
    },
    /// What the engine shows, or counted, is not so.
    #[error("shown and not true: {0}")]
    Untrue(String),
    /// A command, a limit or a time was not kept.
    #[error("not as it was asked: {0}")]
    Disobeyed(String),
    /// The engine caught itself.
    #[error("the engine caught itself breaking a promise: {0}")]
    Caught(&'static str),
    /// With everything in order again, an item neither ended nor waits for the user.
    #[error("{0} neither ended nor waits for the user")]
    Stuck(ItemId),
    /// With everything in order again, the world did not come to rest.
    #[error("the world did not come to rest")]
    Restless,
    /// An answer was asked for before the device's store had it.
    #[error("the answer of run {0} was asked for before it was persisted")]
    StartedBeforePersisted(RunId),
    /// A run was asked for under an id that nobody minted: it would begin a second time.
    #[error("run {0} was asked for and never wanted")]
    NobodyWanted(RunId),
    /// An answer that was safe left the store before its end, or is waited for by nobody.
    #[error("the answer of run {0} is forgotten")]
    Forgotten(RunId),
    /// With everything in order again, an answer is still waited for.
    #[error("the answer of run {0} never came")]
    StillWaited(RunId),
    /// The user was told that an answer ended, and it had not.
    #[error("the answer of run {0} was called ended, which is not true")]
    NotEnded(RunId),
    /// The user was told that an answer can never come, and it could.
    #[error("the answer of run {0} was called impossible, which is not true")]
    NotRefused(RunId),
    /// A second probe while one is under way.
    #[error("run {0} was asked for although a probe was under way")]
    TwoProbes(RunId),
    /// The server could not read a request.
    #[error("the server could not read a request: {0}")]
    BadRequest(String),
    /// A part of the simulator failed, not of the engine.
    #[error("the simulator: {0}")]
    Simulator(String),
}
