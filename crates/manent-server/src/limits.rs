//! How much one person or address may do.
//!
//! Invariants: what is refused was not counted and changed nothing; what is asked for again counts once; no limit waits for the store, but for
//! a budget, and that not for long. Rates and what runs at once are counted by each server for itself, budgets in the store.

mod generations;
mod rates;
mod used;

pub(crate) use generations::{GenerationLimits, Spending, from_address};
pub(crate) use rates::Rates;
