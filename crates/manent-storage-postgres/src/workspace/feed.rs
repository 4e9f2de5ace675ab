//! What changed, for the feeds and for those who wait.

use manent_domain::feed::{Subject, in_feed_order};
use manent_domain::ports::Signal;
use manent_types::{RunId, Timestamp, UserId};
use uuid::Uuid;

use super::Workspace;

/// An entry of a feed.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeedEntry {
    pub(super) owner: UserId,
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) subject: Subject,
}

/// A subject as it stands in `feed.kind` and `feed.subject_id`.
pub(crate) const fn subject_columns(subject: Subject) -> (&'static str, Uuid) {
    match subject {
        Subject::Conversation(id) => ("conversation", id.as_uuid()),
        Subject::Message(id) => ("message", id.as_uuid()),
        Subject::Run(id) => ("run", id.as_uuid()),
    }
}

impl Workspace {
    /// Writes what changed into the owner's feed. Once for each owner in a unit of work.
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
            let seq = user.feed_seq;
            self.changed.feed.push(FeedEntry {
                owner,
                seq,
                at: now,
                subject,
            });
        }
        self.signal(Signal::Feed(owner));
    }

    /// A run's log went on, it ended, or it was asked to stop.
    pub(crate) fn run_went_on(&mut self, owner: UserId, run: RunId) {
        self.signal(Signal::Run(owner, run));
    }

    fn signal(&mut self, signal: Signal) {
        if self.changed.told.insert(signal) {
            self.changed.signals.push(signal);
        }
    }
}
