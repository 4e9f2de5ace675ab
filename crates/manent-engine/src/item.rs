//! Items: what is in the outbox and where each stands.

use serde::{Deserialize, Serialize};

use crate::id::{ItemId, LaneId};
use crate::time::Millis;
use crate::trace::TraceContext;

/// Something to be stored by the server. The engine never looks into the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem<P> {
    /// Minted by the caller; never used for anything else.
    pub id: ItemId,
    /// Items of a lane are applied in the order in which they were enqueued. Only one engine writes into a lane: see the crate.
    pub lane: LaneId,
    /// The item that this one builds on: it is never sent after this one, and when it fails, this one fails with it.
    pub parent: Option<ItemId>,
    /// Opaque.
    pub payload: P,
    /// What the payload takes on the wire.
    pub size_bytes: u64,
    /// The trace in which it was made.
    pub trace: Option<TraceContext>,
}

/// What a failed item is to be when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<P> {
    /// Opaque.
    pub payload: P,
    /// What the payload takes on the wire.
    pub size_bytes: u64,
    /// The item that it builds on from now on.
    pub parent: Option<ItemId>,
}

/// Why an item went to the tray.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum FailReason {
    /// The server can never store it.
    Rejected {
        /// The server's stable code.
        code: String,
        /// For people.
        detail: Option<String>,
    },
    /// Its id belongs to something else.
    Conflict,
    /// The item that it builds on failed.
    Blocked {
        /// That item, when the engine knows which.
        by: Option<ItemId>,
    },
    /// It is larger than a request may be.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The user took it back before it was sent.
    Withdrawn,
}

/// Why a safe item is not being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The last try failed; the next one follows.
    Retry {
        /// When, by the caller's clock.
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
    /// What it builds on is in another lane and has to be settled first.
    Behind {
        /// That item.
        item: ItemId,
    },
}

/// Where an item stands. This is what the user is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemState {
    /// Not yet safe in its present form: the device's store has not confirmed it. Not accepted.
    Storing,
    /// Safe on this device.
    Queued,
    /// In a request.
    Sending,
    /// The server has it.
    Saved {
        /// Its place there, when the server told.
        position: Option<u64>,
    },
    /// Safe on this device and held up.
    Waiting(WaitReason),
    /// In the tray: needs the user.
    Failed(FailReason),
    /// Thrown away by the user; can be brought back for a while.
    Discarded,
}

/// What a stored item is waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Fate {
    /// To be sent.
    Pending,
    /// The user, in the tray.
    Failed {
        /// Why.
        reason: FailReason,
    },
    /// The end of the time for undo.
    Discarded {
        /// Why it had been in the tray.
        reason: FailReason,
    },
}

/// An item as it is kept in the device's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredItem<P> {
    /// Its id.
    pub id: ItemId,
    /// Its lane.
    pub lane: LaneId,
    /// Its place among all items of this store: grows with time.
    pub order: u64,
    /// Its place in the queue, when that is not its order: it was sent again from the tray, or put behind what it builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_rank: Option<u64>,
    /// Set together with that: the highest order behind which it was put in its lane. What is written later has a higher one, whatever the
    /// clock does, and stays behind it. Earlier programs did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_behind: Option<u64>,
    /// The item that it builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ItemId>,
    /// Opaque.
    pub payload: P,
    /// What the payload takes on the wire.
    pub size_bytes: u64,
    /// The trace in which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceContext>,
    /// When it was enqueued, by the caller's clock.
    pub enqueued_at: Millis,
    /// Whether it was kept back so far: before a request with it leaves, it is written without this. So a restart knows that it can still
    /// be changed and taken back; of all others it cannot know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
    /// What it is waiting for.
    pub fate: Fate,
}

impl<P> StoredItem<P> {
    /// Its place among the pending items of its lane: decided by what the lane's one writer counted, and not by any clock.
    pub(crate) fn place_in_lane(&self) -> PlaceInLane {
        match (self.late_rank, self.put_behind) {
            (None, _) => (self.order, 0, self.id),
            (Some(rank), behind) => (behind.unwrap_or(rank), rank, self.id),
        }
    }
}

/// The order that it has or was put behind; of those that were put behind the same one, which was first; its id.
pub(crate) type PlaceInLane = (u64, u64, ItemId);
