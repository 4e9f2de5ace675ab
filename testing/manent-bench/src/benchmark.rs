//! The benchmarks.

pub(crate) mod append;
pub(crate) mod completion;
pub(crate) mod engine;
pub(crate) mod list;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod runs;
pub(crate) mod search;
