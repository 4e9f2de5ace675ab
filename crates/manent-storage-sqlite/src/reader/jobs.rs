//! The queue between the calls and the readers: one job wakes one reader.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs that wait. A channel behind a lock would wake a second reader for each job, only to wait for the channel.
pub(super) struct Jobs<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    waiting: VecDeque<J>,
    is_closed: bool,
}

impl<J> Jobs<J> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                is_closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds a job; false when the queue is closed.
    pub(super) fn push(&self, job: J) -> bool {
        {
            let mut state = self.state();
            if state.is_closed {
                return false;
            }
            state.waiting.push_back(job);
        }
        self.changed.notify_one();
        true
    }

    /// Waits for a job; absent when the queue is closed and nothing waits any more.
    pub(super) fn pop(&self) -> Option<J> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_in_order_and_ends_after_what_waits() {
        let jobs = Jobs::new();
        assert!(jobs.push(1));
        assert!(jobs.push(2));
        jobs.close();
        assert!(!jobs.push(3));
        assert_eq!(
            (jobs.pop(), jobs.pop(), jobs.pop()),
            (Some(1), Some(2), None)
        );
    }

    #[test]
    fn wakes_those_who_wait() {
        let jobs = Jobs::new();
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| jobs.pop())).collect();
            assert!(jobs.push(7));
            jobs.close();
            let mut popped: Vec<_> = waiting
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect();
            popped.sort_unstable();
            assert_eq!(popped, [None, None, Some(7)]);
        });
    }
}
