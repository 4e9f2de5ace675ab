//! Whether the provider's request may wait for a registration.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Decides without a timer of its own: a run waits for its registration only if the last one finished within the wait and none is pending for
/// longer. So a store that is slow or gone costs the first run that meets it the wait, and the others nothing.
pub(crate) struct RegistrationGate {
    wait: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    was_slow: bool,
    next: u64,
    pending: BTreeMap<u64, Instant>,
}

/// A registration that is under way. Dropped: it was given up, as slow.
pub(crate) struct Registration<'gate> {
    gate: &'gate RegistrationGate,
    number: u64,
    began: Instant,
}

impl RegistrationGate {
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            wait,
            state: Mutex::default(),
        }
    }

    /// For how long a run that registers now may wait; `None`: not at all.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let state = self.state();
        let oldest = state.pending.values().next().copied().unwrap_or(now);
        let is_quick = !state.was_slow && now.duration_since(oldest) <= self.wait;
        is_quick.then_some(self.wait)
    }

    /// A registration begins.
    pub(crate) fn begin(&self, now: Instant) -> Registration<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.pending.insert(number, now);
        Registration {
            gate: self,
            number,
            began: now,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.pending.remove(&self.number);
        state.was_slow = self.began.elapsed() > self.gate.wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(25);

    #[tokio::test(start_paused = true)]
    async fn waits_while_registrations_are_quick() {
        let gate = RegistrationGate::new(WAIT);
        assert_eq!(gate.wait(Instant::now()), Some(WAIT));
        let registration = gate.begin(Instant::now());
        tokio::time::advance(WAIT).await;
        assert_eq!(gate.wait(Instant::now()), Some(WAIT));
        drop(registration);
        assert_eq!(gate.wait(Instant::now()), Some(WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_no_longer_once_one_hangs_or_was_slow() {
        let gate = RegistrationGate::new(WAIT);
        let registration = gate.begin(Instant::now());
        tokio::time::advance(WAIT * 2).await;
        assert_eq!(gate.wait(Instant::now()), None);
        drop(registration);
        assert_eq!(gate.wait(Instant::now()), None);
        drop(gate.begin(Instant::now()));
        assert_eq!(gate.wait(Instant::now()), Some(WAIT));
    }
}
