//! Whether the store works, as far as this process has seen.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The first pause between two tries at a store that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Whether the store works. While it does not, only one write at a time tries it, and the others go to the journal at once.
pub(crate) struct StoreHealth {
    state: Mutex<State>,
}

struct State {
    /// The last write failed.
    is_failing: bool,
    next_try: Instant,
    pause: Duration,
    /// Since when nothing failed, once something was answered.
    healthy_since: Option<Instant>,
}

impl StoreHealth {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                is_failing: false,
                next_try: now,
                pause: FIRST_PAUSE,
                healthy_since: None,
            }),
        }
    }

    /// A write was answered.
    pub(crate) fn write_succeeded(&self, now: Instant) {
        let mut state = self.state();
        if state.is_failing {
            tracing::info!("the store takes writes again");
        }
        state.is_failing = false;
        state.pause = FIRST_PAUSE;
        state.healthy_since.get_or_insert(now);
    }

    /// A write failed for reasons of the infrastructure, or was not answered in time.
    pub(crate) fn write_failed(&self, now: Instant, error: &impl std::fmt::Display) {
        let mut state = self.state();
        state.healthy_since = None;
        if !state.is_failing {
            tracing::warn!(%error, "the store does not take the writes of runs; they go to the journal until it does");
        }
        state.is_failing = true;
        state.next_try = now + state.pause;
        state.pause = (state.pause * 2).min(LONGEST_PAUSE);
    }

    /// A read was answered, or not.
    pub(crate) fn read_answered(&self, now: Instant, is_answered: bool) {
        let mut state = self.state();
        if is_answered {
            state.healthy_since.get_or_insert(now);
        } else {
            state.healthy_since = None;
        }
    }

    /// Whether the last write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.state().is_failing
    }

    /// Whether the caller may try a write: always while the store works, else one caller after each pause.
    pub(crate) fn may_try(&self, now: Instant) -> bool {
        let mut state = self.state();
        if !state.is_failing {
            return true;
        }
        let may = now >= state.next_try;
        if may {
            state.next_try = now + state.pause;
        }
        may
    }

    /// Whether the store has answered for so long without a failure.
    pub(crate) fn is_healthy_for(&self, time: Duration, now: Instant) -> bool {
        self.state()
            .healthy_since
            .is_some_and(|since| now.duration_since(since) >= time)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_caller_tries_after_each_pause_while_the_store_fails() {
        let health = StoreHealth::new(Instant::now());
        assert!(health.may_try(Instant::now()) && health.may_try(Instant::now()));
        health.write_failed(Instant::now(), &"down");
        assert!(!health.may_try(Instant::now()));
        let later = Instant::now() + FIRST_PAUSE;
        assert!(health.may_try(later));
        assert!(!health.may_try(later));
        health.write_succeeded(later);
        assert!(health.may_try(later) && health.may_try(later));
    }

    #[tokio::test(start_paused = true)]
    async fn health_counts_from_the_first_answer_after_a_failure() {
        let begin = Instant::now();
        let health = StoreHealth::new(begin);
        let second = Duration::from_secs(1);
        assert!(!health.is_healthy_for(Duration::ZERO, begin));
        health.read_answered(begin, true);
        health.write_succeeded(begin + second);
        assert!(health.is_healthy_for(second, begin + second));
        health.read_answered(begin + second, false);
        assert!(!health.is_healthy_for(Duration::ZERO, begin + second));
        health.read_answered(begin + 2 * second, true);
        assert!(!health.is_healthy_for(second, begin + 2 * second));
        assert!(health.is_healthy_for(second, begin + 3 * second));
    }
}
