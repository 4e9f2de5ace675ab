//! One answer in memory.

use super::pace::Pass;
use super::port::AnswerState;
use super::records::Position;
use super::stored::StoredAnswer;
use crate::time::Millis;

/// What is happening to an answer. Times are the machine's own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// It is asked for when its time and its turn have come.
    Waiting,
    /// The shell asks for it.
    Starting { pass: Pass, deadline: Millis },
    /// It is coming.
    Running { since: Millis },
}

/// Why an answer waits for a time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It failed.
    Failure,
    /// The server does not have yet what it builds on.
    NotYet,
    /// After an outage not everything goes at once.
    Spread,
}

#[derive(Debug)]
pub(super) struct Entry<P> {
    pub(super) stored: StoredAnswer<P>,
    /// Where its present form stands among the writes.
    pub(super) written_at: Position,
    pub(super) phase: Phase,
    pub(super) attempts: u32,
    /// Failures of its own in a row; grows its back-off.
    pub(super) failures: u32,
    /// It is not asked for before this, and why.
    pub(super) not_before: Millis,
    pub(super) hold: Hold,
    /// Since when the server says "not yet".
    pub(super) not_yet_since: Option<Millis>,
    /// What whoever is interested was told last.
    pub(super) told: Option<AnswerState>,
}

impl<P> Entry<P> {
    pub(super) const fn new(stored: StoredAnswer<P>, written_at: Position) -> Self {
        Self {
            stored,
            written_at,
            phase: Phase::Waiting,
            attempts: 0,
            failures: 0,
            not_before: 0,
            hold: Hold::Failure,
            not_yet_since: None,
            told: None,
        }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    pub(super) const fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    pub(super) const fn wait_until(&mut self, at: Millis, hold: Hold) {
        self.phase = Phase::Waiting;
        self.not_before = at;
        self.hold = hold;
    }
}
