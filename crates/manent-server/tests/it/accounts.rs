//! The mode accounts: who may do what.

mod limits;
mod matrix;
mod nodes;
mod own_keys;
mod operators;
pub(crate) mod people;
mod sessions;
mod statements;
mod streams;
