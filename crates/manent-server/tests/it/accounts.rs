//! The mode accounts: who may do what.

mod matrix;
mod own_keys;
mod people;
mod sessions;
