//! What is known when somebody asks what is to be done.

use std::cell::Cell;

use tokio::time::Instant;

use crate::config::RunsConfig;
use crate::health::StoreHealth;

/// What the flusher knows when it asks.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, read once per look"
)]
pub(crate) struct Context<'config> {
    pub(crate) now: Instant,
    /// Entries of the run's lane wait in the journal.
    pub(crate) is_lane_pending: bool,
    /// There is a journal, and it takes entries.
    pub(crate) has_journal: bool,
    /// The store failed last.
    pub(crate) is_store_failing: bool,
    /// Whether it may be tried although it failed.
    pub(crate) trial: &'config Trial<'config>,
    /// Only what should not wait for the next tick.
    pub(crate) is_urgent_only: bool,
    /// The process ends: what cannot be stored now goes to the journal.
    pub(crate) is_closing: bool,
    pub(crate) config: &'config RunsConfig,
}

/// The right to try a store that fails, which is asked for once per look, and only by what would use it.
pub(crate) struct Trial<'hub> {
    health: &'hub StoreHealth,
    may: Cell<Option<bool>>,
}

impl<'hub> Trial<'hub> {
    pub(crate) const fn new(health: &'hub StoreHealth) -> Self {
        Self {
            health,
            may: Cell::new(None),
        }
    }

    pub(super) fn may_try(&self, now: Instant) -> bool {
        let may = self.may.get().unwrap_or_else(|| self.health.may_try(now));
        self.may.set(Some(may));
        may
    }
}
