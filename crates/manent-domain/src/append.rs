//! Append: idempotent, ordered, atomic.
//!
//! A store gathers facts inside its transaction, [`plan`] decides, the store writes the plan in the same transaction. Every store
//! shares this one decision, so they cannot drift apart.
//!
//! Invariants, for every interleaving of devices and resends:
//! - a message is stored at most once, and nothing about it changes by sending it again;
//! - within a lane, messages are applied in the order of their `device_seq`, each number once, none skipped;
//! - a number that was refused stays refused: sending it again gets the same outcome;
//! - `seq` counts 1, 2, 3 … per conversation without holes.

mod change;
mod facts;
mod plan;
mod submission;
#[cfg(test)]
mod tests;

pub use change::{ChangeFacts, ChangeKind, NewChange, PlannedChange};
pub use facts::{AppendFacts, ConversationFacts, MessageFacts, RefusalFacts, RefusedAs};
pub use plan::{AppendPlan, ConversationTouch, LaneAdvance, NewRefusal, PlannedMessage, plan};
pub use submission::{
    ConflictCause, ItemOutcome, LanePosition, NewItem, NewMessage, Outcome, ParentRef, Submission,
};
