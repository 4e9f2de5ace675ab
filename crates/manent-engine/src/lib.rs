//! The durable outbox as a state machine without I/O: no clock, no randomness, no storage, no network and no async of its own.
//!
//! One machine serves every client and the server's journal. The shell around it is thin: it tells what happened
//! ([`Engine::handle`]) and does what it is told ([`Engine::poll_output`], until there is nothing more). Time is an argument; randomness is
//! a generator seeded at the start; a write is an [`Output::Persist`] that the shell confirms with [`Input::Persisted`]. The same inputs
//! always give the same outputs, so a whole system can be simulated and replayed.
//!
//! # Invariants
//!
//! - **Persist before send.** An item is in a request only after the store confirmed its present form. Checked for every request.
//! - **Nothing is lost.** An accepted item leaves the store only when the server told that it has it, in the transaction that writes what
//!   took its place, or by the user's wish. Being retried often, nonsense from the server, and crashes between any two steps never remove one.
//! - **Nothing is doubled.** An item keeps its id through every resend, retry, crash and renumbering; the server stores an id once.
//! - **Lanes keep their order.** A request holds the beginnings of lanes; an item never overtakes an earlier one of its lane.
//! - **Parents come first.** An item is not sent while the one that it builds on is still to be sent, but behind that one in the same request.
//! - **One request at a time**, and while the breaker is half-open it is one probe with one item. Devices take turns.
//! - **Every item ends or waits for the user.** What can never be stored goes to the tray with its content and its reason, blocks only what
//!   builds on it, and stays until the user has it sent again, moves or discards it.
//! - **What was told holds.** An item is shown as safe, taken back, discarded or sent again when the store confirmed that, and not before.
//!
//! # Lanes belong to one writer
//!
//! Each engine that takes items in (each tab, each process) writes only into lanes of a device id of its own, such as
//! `<installation>-<slot>` with the lowest slot that no other living one has. So a lane's order is the order in which its one writer queued,
//! and the items of a lane get the same numbers whoever sends them and however often the sender dies. An engine that takes over the slot of
//! a dead one begins with what the store holds of that slot (and lets go of what is the leader's, by [`Input::Release`]): then what it writes
//! comes behind that, whatever the clock did in between.
//!
//! # Order
//!
//! Each item carries an order, which its writer counts upwards over all that it wrote or read of its lane. One that is put behind everything
//! (sent again, or put behind what it builds on) stores behind which order of its lane it was put ([`StoredItem::put_behind`]). So the order of a lane
//! follows from its records alone, whatever clocks did and whichever engines sent, and no engine has to put right what another one knew.
//! Ranks, which come from clocks, decide between lanes only.
//!
//! # Several engines on one store
//!
//! One leads and sends the lanes of all ([`Input::Lead`]); the others only write. The shell hands what the others stored to the leader
//! ([`Input::Adopt`], whose rule keeps parents before their children), also after their death, and lets them forget what the leader has
//! ([`Input::Release`]). What the user decides about an item goes to the engine that has it. A next leader adopts what the store holds before
//! it is told to lead.
//!
//! # Numbers
//!
//! Within a lane the server counts 1, 2, 3 …. The engine stores how far the server got; pending items carry the numbers after that, in
//! order. So no number is stored with an item, an item taken back leaves no gap, and a server that stands elsewhere (restored from a
//! backup, or reached by a request that was thought lost) is followed by numbering anew ([`Event::LaneMoved`]); ids keep that harmless.
//!
//! Where the numbers are off, the server answers that the first item's number is taken and may still store a later one of the same request.
//! So a lane travels one item at a time until the server stored one under the number that the engine gave it, and for
//! [`EngineConfig::caution_ms`] after its numbering changed.
//!
//! # What is told
//!
//! A change of one item is an [`Event::Item`]. What changes all that wait (an outage, its end, a lost store) is one [`Event::Pace`], however
//! many there are; [`Engine::state`] tells about each. Everything but the listing of items takes a time that does not grow with their number.
//!
//! # After an outage
//!
//! The first request is a probe with one item. The next one follows at a time drawn from the following quarter of the outage's length (at
//! most [`EngineConfig::catch_up_spread_ms`]) and takes along everything that was queued meanwhile; the pauses become shorter from
//! request to request. So many clients that waited together do not come back together. "Try now" skips a pause.
//!
//! # Not here yet
//!
//! - Orders begin at the clock and grow from there. Where the store was emptied, the clock was set back, and another engine takes over the
//!   slot of a dead one before everything is written again, it counts from below: what the two wrote into one lane may change places, and
//!   when the sender dies before it put that right for good, so may what the new one wrote. Nothing is lost or doubled by it, and a child is
//!   never stored before its parent.
//! - Histories and counters are kept in memory: they begin anew with each engine.
//! - Whoever is not signed in after a restart is found out by one request.
//! - What was blocked by an item follows it when that one is sent again under its id ([`Input::Retry`]). When it is sent under a new one
//!   ([`Input::Resend`], for an id that belongs to something else), they stay in the tray; giving them the new parent is the shell's work.
//! - An item on which the server fails each time (and does not refuse it) is taken for an outage: it holds up the queue until the server
//!   takes or refuses it.
#![warn(missing_docs)]

mod answer;
pub mod answers;
pub mod append_api;
mod back_off;
mod beat;
mod circuit_breaker;
mod config;
mod engine;
mod history;
mod id;
mod item;
mod metrics;
mod pacer;
mod port;
mod queue;
mod stored;
mod time;
mod trace;
mod write_log;

pub use answer::{Answer, Failure, ItemOutcome, Outcome};
pub use circuit_breaker::{BreakerState, CircuitBreaker, Permit};
pub use config::EngineConfig;
pub use engine::Engine;
pub use history::{HISTORY_ENTRIES, HistoryEntry, HistoryStep, SAVED_ITEMS_REMEMBERED};
pub use id::{ItemId, LaneId, PersistId, RequestId};
pub use item::{Change, FailReason, Fate, ItemState, NewItem, StoredItem, WaitReason};
pub use metrics::Metrics;
pub use port::{Batch, BatchItem, CommandError, Event, Input, Output};
pub use rand_pcg::rand_core::Rng;
pub use stored::{
    Record, RecordError, STORED_VERSION, Snapshot, StoreOperation, StoredLane, StoredPace,
};
pub use time::Millis;
pub use trace::{InvalidTraceContext, TraceContext};
