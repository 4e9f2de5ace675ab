//! Generated content: the same for every run, so that runs can be compared.

pub(crate) mod database;
pub(crate) mod library;
pub(crate) mod messages;
pub(crate) mod text;

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Randomness that is the same in every run.
pub(crate) fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}
