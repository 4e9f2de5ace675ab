//! The mode accounts: who may do what.

mod matrix;
mod people;
mod sessions;
