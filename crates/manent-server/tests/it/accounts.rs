//! The mode accounts: who may do what.

mod administration;
mod leaving;
mod isolation;
mod limits;
mod mail;
mod matrix;
mod nodes;
mod own_keys;
mod operators;
pub(crate) mod people;
mod sessions;
mod statements;
mod streams;
mod two_factor;
