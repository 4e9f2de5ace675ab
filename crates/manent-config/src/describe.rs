//! Texts made from the tables: the effective configuration, the sample file, the reference.

mod reference;
mod sample;
mod show;

pub use reference::reference;
pub use sample::sample;
