//! Inputs and outputs: everything that passes between the engine and its shell.

use manent_types::DeviceId;

use crate::answer::Answer;
use crate::id::{ItemId, LaneId, PersistId, RequestId};
use crate::item::{Change, ItemState, NewItem, WaitReason};
use crate::metrics::Metrics;
use crate::stored::{Snapshot, StoreOperation};
use crate::time::Millis;
use crate::trace::TraceContext;

/// What happened outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<P> {
    /// Time passed. Spurious ones do nothing.
    Wake,
    /// Put this into the outbox. It is accepted when [`Event::Item`] says `Queued`.
    Enqueue(NewItem<P>),
    /// The store holds everything of this transaction, durably.
    Persisted(PersistId),
    /// The store refused this transaction as a whole. The engine keeps everything in memory and asks again.
    PersistFailed(PersistId),
    /// A request came to its end. Unknown and late ones are ignored.
    Answered {
        /// Which.
        request: RequestId,
        /// How.
        answer: Answer,
    },
    /// The network is back, the window has the focus, or the user wants it now: try once, early. The schedule stays. What many devices
    /// notice at the same moment (a network that is back) is to be told after a pause of a few seconds that is drawn by chance; what the
    /// user wants, at once.
    ProbeNow,
    /// Someone signed in: go on.
    SignedIn,
    /// Empty the store and forget everything. Unless confirmed, only when nothing would be lost.
    SignOut {
        /// The user said yes to losing what is not saved.
        is_confirmed: bool,
    },
    /// Take back an item that was never sent; it goes to the tray. Told when it is durable.
    Withdraw(ItemId),
    /// Change an item that was never sent. It is `Storing` until the new form is durable.
    Replace {
        /// Which.
        id: ItemId,
        /// The new payload.
        payload: P,
        /// Its size on the wire.
        size_bytes: u64,
    },
    /// Send a failed item in another form: edited, or moved to another lane. One transaction, so that neither is lost.
    Resend {
        /// The item in the tray.
        failed: ItemId,
        /// What takes its place, with an id of its own.
        replacement: NewItem<P>,
    },
    /// Send a failed item again under its own id, unchanged or in another form, from the end of its lane. What was blocked by it follows, in
    /// order. Told by [`Event::Item`] when it is durable; until then the item is shown in the tray.
    Retry {
        /// The item in the tray.
        id: ItemId,
        /// What it is to be from now on; absent: as it is.
        change: Option<Change<P>>,
    },
    /// The server has this very item, with this content: its feed told so. Wherever the item stands (to be sent, in the tray, thrown away), it
    /// is saved, and what was blocked by it follows. One that is in a request is settled when that ends. Unknown ones are ignored.
    SeenSaved {
        /// Which. That the server's is equal is for the caller to check: an id may belong to something else.
        id: ItemId,
        /// Its place there, when it was told.
        position: Option<u64>,
    },
    /// Throw a failed item away; for a while it can be brought back. Told when it is durable.
    Discard(ItemId),
    /// Bring a discarded item back into the tray. Told when it is durable.
    Undo(ItemId),
    /// Take over what another engine of the same store left behind or handed over. It must be what the store holds now: an item that the
    /// store no longer holds would be sent although it is not durable. Known items stay as they are.
    ///
    /// It must hold all of the lanes that it tells of, so that nothing is sent before an earlier item of its lane, and ancestors along with
    /// their descendants, so that nothing is sent before what it builds on. So adopt what one read transaction of the whole store gave; or
    /// whole lanes, and from the same read transaction what [`crate::Engine::missing_parents`] asks for (with its lane), until it asks for
    /// nothing that the store has. What the store does not have is settled.
    Adopt(Snapshot<P>),
    /// Another engine of the same store looks after these now: forget them, and leave the store alone.
    Release(Vec<ItemId>),
    /// Whether this engine is the one that sends. One that begins to lead adopts first what the store holds; one that stops may be followed
    /// by the next when its last transaction came to its end.
    Lead(bool),
    /// The device's store was emptied or replaced under this engine: nothing counts as durable, everything is written again.
    StorageLost,
}

/// What the shell must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<P> {
    /// Write all of this in one transaction, durably, then answer [`Input::Persisted`] or [`Input::PersistFailed`].
    /// There is never a second one before the answer to the first.
    Persist(PersistId, Vec<StoreOperation<P>>),
    /// Send this, then answer [`Input::Answered`]. There is never a second one before the end of the first.
    Send(RequestId, Batch<P>),
    /// The engine no longer waits for this request: break it off.
    Cancel(RequestId),
    /// Tell whoever is interested.
    Notify(Event),
    /// Call again at this time by the caller's clock, with [`Input::Wake`]. Replaces earlier ones; earlier or later calls do no harm.
    WakeAt(Millis),
}

/// A request: the beginnings of lanes, each in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<P> {
    /// Whose lanes.
    pub device: DeviceId,
    /// In order; never empty.
    pub items: Vec<BatchItem<P>>,
    /// Whether it is the one probe of a half-open breaker, or an early try.
    pub is_probe: bool,
}

/// One item of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem<P> {
    /// Its id.
    pub id: ItemId,
    /// Its lane.
    pub lane: LaneId,
    /// Its number in the lane: 1, 2, 3 ….
    pub number: u64,
    /// The item that it builds on.
    pub parent: Option<ItemId>,
    /// Opaque.
    pub payload: P,
    /// The trace in which it was made.
    pub trace: Option<TraceContext>,
    /// 1 for the first time since the engine was made.
    pub attempt: u32,
}

/// Why a command was not followed. Nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The engine has an item with this id.
    #[error("an item with this id is in the outbox")]
    IdInUse,
    /// It has none.
    #[error("no item with this id is in the outbox")]
    Unknown,
    /// It may have reached the server.
    #[error("the item may have been sent already")]
    MaybeSent,
    /// It is not in the tray.
    #[error("the item is not in the tray")]
    NotInTray,
    /// The server has something else under its id.
    #[error("the id belongs to something else: send the item again under a new one")]
    NeedsNewId,
    /// What it builds on is in the tray, or builds on the item itself.
    #[error(
        "what the item builds on failed: send that one again first, or give the item another parent"
    )]
    ParentFailed,
    /// It is larger than a request may be.
    #[error("the item is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The outbox is full.
    #[error("the outbox is full")]
    Full,
    /// The user signed out.
    #[error("signed out: sign in first")]
    SignedOut,
}

/// What whoever shows the outbox wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An item stands somewhere else now.
    Item {
        /// Which.
        id: ItemId,
        /// Where.
        state: ItemState,
    },
    /// A command was not followed; nothing changed.
    Refused {
        /// About which item.
        id: ItemId,
        /// Why.
        error: CommandError,
    },
    /// What holds up the queue changed. It may have changed the states of all pending items that are not in a request, however many: those
    /// are told by this one event, and each is there to be asked for ([`crate::Engine::state`]).
    Pace {
        /// What holds up those that are safe on this device; absent: nothing.
        wait: Option<WaitReason>,
    },
    /// The device's store no longer holds the item, and the server has not got it either: the time for undo is over, or another item took
    /// its place.
    Removed {
        /// Which.
        id: ItemId,
    },
    /// The queue's counts, after each request.
    Metrics(Metrics),
    /// The server counts a lane from elsewhere than the engine thought; the lane's items were numbered anew.
    LaneMoved {
        /// Which lane.
        lane: LaneId,
        /// The number that would have come next.
        from: u64,
        /// The number that comes next.
        to: u64,
    },
    /// The device's store refused a transaction; what is not durable is kept in memory, shown as `Storing`, and tried again.
    StorageRefused {
        /// So many times in a row.
        attempts: u32,
    },
    /// The device's store works again.
    StorageRecovered,
    /// Signing out would lose these: empty the outbox first, or confirm.
    SignOutNeedsConfirmation {
        /// To be sent.
        queued: usize,
        /// In the tray.
        failed: usize,
    },
    /// The device's store is empty.
    SignedOut,
    /// The engine caught itself about to break a promise and did not. A bug: report it.
    InvariantHeld(&'static str),
}
