//! Readers of runs of other places wait here for a store's signals.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use manent_types::{RunId, UserId};
use tokio::sync::Notify;

/// Whose run.
pub(crate) type RunKey = (UserId, RunId);

/// Who waits for which run.
#[derive(Default)]
pub(crate) struct Watchers {
    waiting: Mutex<HashMap<RunKey, Waiting>>,
}

struct Waiting {
    notify: Arc<Notify>,
    readers: usize,
}

/// One reader's interest in a run.
pub(crate) struct Watcher {
    watchers: Arc<Watchers>,
    key: RunKey,
    notify: Arc<Notify>,
}

impl Watchers {
    /// Begins to wait for a run.
    pub(crate) fn watch(self: &Arc<Self>, key: RunKey) -> Watcher {
        let mut waiting = self.waiting();
        let entry = waiting.entry(key).or_insert_with(|| Waiting {
            notify: Arc::default(),
            readers: 0,
        });
        entry.readers += 1;
        Watcher {
            watchers: Arc::clone(self),
            key,
            notify: Arc::clone(&entry.notify),
        }
    }

    /// Wakes those who wait for a run.
    pub(crate) fn wake(&self, key: RunKey) {
        if let Some(entry) = self.waiting().get(&key) {
            entry.notify.notify_waiters();
        }
    }

    /// Wakes everybody.
    pub(crate) fn wake_all(&self) {
        for entry in self.waiting().values() {
            entry.notify.notify_waiters();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<RunKey, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// What is woken.
    pub(crate) fn notify(&self) -> Arc<Notify> {
        Arc::clone(&self.notify)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut waiting = self.watchers.waiting();
        if let Some(entry) = waiting.get_mut(&self.key) {
            entry.readers -= 1;
            if entry.readers == 0 {
                waiting.remove(&self.key);
            }
        }
    }
}
