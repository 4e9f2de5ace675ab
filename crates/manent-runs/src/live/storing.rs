//! What of a run is stored, what lies in the journal, and what is to be done next. Decides only; the flusher does it.
//!
//! Invariants:
//! - at most one piece of a run is on its way to the store, and at most one to the journal;
//! - an event is dropped from memory only when the store has confirmed it;
//! - while something of the run's lane waits in the journal, what follows goes there too.

mod context;
mod kept;
mod next;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use manent_domain::journal::JournalWrite;
use manent_domain::run::AnswerStanding;
use tokio::time::Instant;

use super::LiveState;

pub(crate) use context::{Context, Trial};

/// The most bytes of events in one piece of one run.
const PIECE_BYTES: usize = 256 * 1024;

/// How much of a run's log stays in memory once it is stored.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;

/// How soon an answer is offered again whose parent is not there, and the longest pause.
const PARENT_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PARENT_PAUSE: Duration = Duration::from_secs(5);

/// The pauses between two tries to store a piece.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Where the registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is being tried.
    Underway { since: Instant },
    /// It failed; the journal takes it, or it is tried again after this moment.
    Failed { again_at: Instant },
    /// The run is registered.
    Done,
    /// It never will be: nothing of the run is stored.
    Never,
}

/// A piece on its way to the store.
#[derive(Debug, Clone, Copy)]
struct StorePiece {
    since: Instant,
    up_to: u64,
    answer: Option<u64>,
}

/// A piece on its way to the journal.
#[derive(Debug, Clone, Copy)]
struct JournalPiece {
    up_to: u64,
    has_steps: bool,
    has_end: bool,
}

/// What came of a standing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Events that were stored by it.
    pub(crate) stored_events: u64,
    /// Somebody asked the run to stop.
    pub(crate) is_stop_requested: bool,
    /// The store has ended the run, or lacks events that memory has dropped.
    pub(crate) is_lost: bool,
}

/// How far a run is stored.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each with its own reason to turn"
)]
pub(crate) struct Storing {
    steps: Arc<[JournalWrite]>,
    opening: Opening,
    openings_failed: u32,
    /// The steps are in the journal, or went through it.
    steps_journalled: bool,
    /// The last position that the store confirmed.
    stored: u64,
    /// The last position that the journal took; may lie behind `stored`.
    journalled: u64,
    journal_position: Option<u64>,
    /// Since when the end is in the journal.
    end_journalled: Option<Instant>,
    store_piece: Option<StorePiece>,
    journal_piece: Option<JournalPiece>,
    answer: AnswerStanding,
    /// The position up to which the message was written.
    answer_position: u64,
    answer_due: Instant,
    answer_offers: u32,
    is_record_refused: bool,
    has_given_up_answer: bool,
    heard_at: Instant,
    is_asked: bool,
    /// The store had the run and has it no longer.
    is_forgotten: bool,
    is_suspect: bool,
    has_more: bool,
    retry_at: Option<Instant>,
    failures: u32,
    gaps: u32,
}

impl Storing {
    pub(crate) fn new(steps: Vec<JournalWrite>, now: Instant) -> Self {
        Self {
            steps: steps.into(),
            opening: Opening::Underway { since: now },
            openings_failed: 0,
            steps_journalled: false,
            stored: 0,
            journalled: 0,
            journal_position: None,
            end_journalled: None,
            store_piece: None,
            journal_piece: None,
            answer: AnswerStanding::NotYet,
            answer_position: 0,
            answer_due: now,
            answer_offers: 0,
            is_record_refused: false,
            has_given_up_answer: false,
            heard_at: now,
            is_asked: false,
            is_forgotten: false,
            is_suspect: false,
            has_more: false,
            retry_at: None,
            failures: 0,
            gaps: 0,
        }
    }

    /// What is to be stored first.
    pub(crate) fn steps(&self) -> Arc<[JournalWrite]> {
        Arc::clone(&self.steps)
    }

    pub(crate) const fn is_opening(&self) -> bool {
        matches!(self.opening, Opening::Underway { .. })
    }

    pub(crate) fn opening_begins(&mut self, now: Instant) {
        self.opening = Opening::Underway { since: now };
        self.is_forgotten = false;
    }

    /// The registration under way waits for something else than the store.
    pub(crate) const fn opening_goes_on(&mut self, now: Instant) {
        if self.is_opening() {
            self.opening = Opening::Underway { since: now };
        }
    }

    pub(crate) fn opening_failed(&mut self, now: Instant) {
        self.openings_failed += 1;
        let pause = pause(RETRY_PAUSE, self.openings_failed, LONGEST_RETRY_PAUSE);
        self.opening = Opening::Failed {
            again_at: now + pause,
        };
    }

    /// The registration can never be as it was asked for; this is left of it.
    pub(crate) fn replace_steps(&mut self, steps: Vec<JournalWrite>) {
        self.steps = steps.into();
    }

    /// The answer can never be kept.
    pub(crate) const fn refuse_record(&mut self) {
        self.is_record_refused = true;
    }

    /// Nothing of the run is stored any more.
    pub(crate) const fn give_up(&mut self) {
        self.opening = Opening::Never;
    }

    /// Somebody may have asked it to stop: the next look at the store tells.
    pub(crate) const fn ask(&mut self) {
        self.is_asked = true;
    }

    /// The store did not take the piece.
    pub(crate) fn store_failed(&mut self, now: Instant, is_suspect: bool) {
        self.store_piece = None;
        self.is_suspect |= is_suspect;
        self.has_more |= is_suspect;
        self.failures += 1;
        self.retry_at = Some(now + pause(RETRY_PAUSE, self.failures, LONGEST_RETRY_PAUSE));
    }

    /// A batch with it failed in a way that only one of its runs may have caused.
    pub(crate) const fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    /// The store has no such run of this process: it is registered anew.
    pub(crate) fn store_forgot(&mut self, now: Instant) {
        self.store_piece = None;
        self.steps_journalled = false;
        self.journalled = 0;
        self.stored = 0;
        self.is_forgotten = true;
        self.opening_failed(now);
    }

    /// The journal took the piece.
    pub(crate) fn journal_took(&mut self, position: u64, now: Instant) {
        let Some(piece) = self.journal_piece.take() else {
            return;
        };
        self.journalled = self.journalled.max(piece.up_to);
        self.journal_position = Some(position);
        self.steps_journalled |= piece.has_steps;
        if piece.has_end {
            self.end_journalled = Some(now);
        }
    }

    /// The journal did not take the piece.
    pub(crate) const fn journal_failed(&mut self) {
        self.journal_piece = None;
    }

    /// Whether something that was journalled has not been confirmed by the store.
    const fn is_unconfirmed(&self) -> bool {
        self.journalled > self.stored
    }

    fn is_late(since: Instant, context: &Context<'_>) -> bool {
        context.now.duration_since(since) >= context.config.patience()
    }
}

fn pause(first: Duration, times: u32, longest: Duration) -> Duration {
    let doublings = times.saturating_sub(1).min(10);
    first.saturating_mul(1 << doublings).min(longest)
}

impl LiveState {
    /// The run is registered.
    pub(crate) fn opened(&mut self) {
        if self.storing.opening != Opening::Never {
            self.storing.opening = Opening::Done;
            self.storing.openings_failed = 0;
            // That it was not logged is no news any more.
            self.notices.take_back("not_logged");
        }
    }
}
