//! What other processes are still to be told.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use manent_domain::ports::Signal;

use super::payload::Told;
use crate::workspace::GroupMark;

/// The most signals that wait; more are told as one: look at everything.
const MOST: usize = 4_096;

#[derive(Default)]
pub(super) struct Pending {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// How many groups each writer has written.
    marks: HashMap<i32, i64>,
    signals: HashSet<Signal>,
}

impl Pending {
    pub(super) fn add(&self, mark: GroupMark, signals: Vec<Signal>) {
        let mut waiting = self.lock();
        waiting.marks.insert(mark.writer, mark.groups);
        if waiting.signals.contains(&Signal::All) {
            return;
        }
        waiting.signals.extend(signals);
        if waiting.signals.len() > MOST {
            waiting.signals.clear();
            waiting.signals.insert(Signal::All);
        }
    }

    /// Takes what waits; absent when nothing does.
    pub(super) fn take(&self) -> Option<Told> {
        let waiting = std::mem::take(&mut *self.lock());
        (!waiting.marks.is_empty()).then(|| Told {
            marks: waiting.marks.into_iter().collect(),
            signals: waiting.signals.into_iter().collect(),
            is_new: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use manent_types::UserId;
    use uuid::Uuid;

    use super::*;

    fn feed(number: u128) -> Signal {
        Signal::Feed(UserId::new(Uuid::from_u128(number)))
    }

    fn mark(groups: i64) -> GroupMark {
        GroupMark {
            instance: 1,
            writer: 2,
            groups,
        }
    }

    #[test]
    fn the_same_signal_is_told_once_and_the_newest_mark_counts() {
        let pending = Pending::default();
        assert!(pending.take().is_none());
        pending.add(mark(1), vec![feed(1)]);
        pending.add(mark(2), vec![feed(1)]);
        let told = pending.take().unwrap();
        assert_eq!(told.marks, [(2, 2)]);
        assert_eq!(told.signals, [feed(1)]);
        assert!(pending.take().is_none());
    }

    #[test]
    fn too_many_signals_become_one() {
        let pending = Pending::default();
        pending.add(mark(1), (0..5_000).map(feed).collect());
        pending.add(mark(2), vec![feed(1)]);
        assert_eq!(pending.take().unwrap().signals, [Signal::All]);
    }
}
