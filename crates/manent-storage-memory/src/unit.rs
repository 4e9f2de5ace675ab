//! One unit of work: the state, and what it tells afterwards.

use manent_domain::feed::{Subject, in_feed_order};
use manent_domain::ports::Signal;
use manent_types::{RunId, Timestamp, UserId};

use crate::state::{FeedEntry, State, StoredUser};

pub(crate) struct Unit<'state> {
    pub(crate) state: &'state mut State,
    signals: Vec<Signal>,
}

impl<'state> Unit<'state> {
    pub(crate) const fn new(state: &'state mut State) -> Self {
        Self {
            state,
            signals: Vec::new(),
        }
    }

    /// What is to be told.
    pub(crate) fn finish(self) -> Vec<Signal> {
        self.signals
    }

    /// The owner's row, made at first use.
    pub(crate) fn ensure_user(&mut self, owner: UserId, now: Timestamp) -> &mut StoredUser {
        self.state.users.entry(owner).or_insert(StoredUser {
            created_at: now,
            feed_seq: 0,
        })
    }

    /// Writes what changed into the owner's feed. Once for each owner in a unit.
    pub(crate) fn changed(
        &mut self,
        owner: UserId,
        subjects: impl IntoIterator<Item = Subject>,
        now: Timestamp,
    ) {
        let subjects = in_feed_order(subjects);
        if subjects.is_empty() {
            return;
        }
        for subject in subjects {
            let user = self.ensure_user(owner, now);
            user.feed_seq += 1;
            let key = (owner, user.feed_seq);
            self.state.feed.insert(key, FeedEntry { at: now, subject });
        }
        self.signal(Signal::Feed(owner));
    }

    /// A run's log went on, it ended, or it was asked to stop.
    pub(crate) fn run_went_on(&mut self, owner: UserId, run: RunId) {
        self.signal(Signal::Run(owner, run));
    }

    fn signal(&mut self, signal: Signal) {
        if !self.signals.contains(&signal) {
            self.signals.push(signal);
        }
    }
}
