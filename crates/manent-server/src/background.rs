//! Work that nobody waits for.

pub(crate) mod afterwards;
pub(crate) mod expiry;
pub(crate) mod housekeeping;
pub(crate) mod titles;
pub(crate) mod welcome;
