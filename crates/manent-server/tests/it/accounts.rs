//! The mode accounts: who may do what.

mod administration;
mod isolation;
mod leaving;
mod limits;
mod mail;
mod matrix;
mod nodes;
mod operators;
mod own_keys;
pub(crate) mod people;
mod sessions;
mod statements;
mod streams;
mod two_factor;
