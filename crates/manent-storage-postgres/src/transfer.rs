//! Everything as records, for moving from one store to another.

mod export;
mod import;

pub(crate) use export::export;
pub(crate) use import::import;
