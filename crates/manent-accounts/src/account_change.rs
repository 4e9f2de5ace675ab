//! The decisions about accounts: what a store does when one is made, changed or deleted.
//!
//! A store gathers the facts inside its transaction, these functions decide, the store writes the plan in the same transaction. Units whose
//! facts count other accounts (making, changing a role or a status, deleting) must exclude each other: with a lock where the store has more
//! than one writer.
//!
//! Invariants, for every interleaving:
//! - the first account is an administrator, and there is always one that may be used;
//! - no two accounts have the same e-mail address, or are the same person at an OpenID provider;
//! - a link does what it does once, together with being used up.

mod change;
mod creation;

pub use change::{
    AccountChange, AccountRefusal, ChangeFacts, ChangePlan, EndedSessions, PasswordSource,
    plan_change, plan_removal,
};
pub use creation::{CreationFacts, CreationPlan, CreationRefusal, plan_creation};
