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
//! - **Nothing is doubled.** An item keeps its id through every resend, crash and renumbering; the server stores an id once.
//! - **Lanes keep their order.** A request holds the beginnings of lanes; an item never overtakes an earlier one of its lane.
//! - **One request at a time**, and while the breaker is half-open it is one probe with one item.
//! - **Every item ends or waits for the user.** What can never be stored goes to the tray with its content and its reason, blocks only what
//!   builds on it, and stays until the user resends, moves or discards it.
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
//! # Several engines on one store
//!
//! Each writes its own items; one leads and sends ([`Input::Lead`]). The shell hands what the others stored to the leader
//! ([`Input::Adopt`]), also after their death, and tells them when it is settled ([`Input::Release`]).
//!
//! # Not here yet
//!
//! - Several engines on one store: when the leader dies while its requests are on the way, the next leader may number the items of a lane in
//!   another order, and a late request of the first can then put two of them out of order (never lost, never doubled). With one engine the
//!   order holds. `manent-sim` has the (ignored) test.
//! - What the user decides about an item (take back, discard, undo) is told at once and not first when the store confirmed it; a crash in
//!   between brings the earlier state back.
//! - An item's history (each attempt and answer with its time) is not kept; only the count of attempts, and not across a restart.
//! - After an outage requests follow each other as fast as the server answers. The jittered open time spreads clients; a limit on the rate
//!   of one client's catching up is missing.
//! - Counters and the breaker begin anew with each engine: after a restart the first try goes at once, even when the server had asked for
//!   patience.
//! - Blocked descendants in the tray are resent one by one; resending a whole branch is the shell's work.
#![warn(missing_docs)]

mod answer;
pub mod answers;
pub mod append_api;
mod back_off;
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
