//! What of a run is stored, what lies in the journal, and what is to be done next. Decides only; the flusher does it.
//!
//! Invariants:
//! - at most one piece of a run is on its way to the store, and at most one to the journal;
//! - an event is dropped from memory only when the store has confirmed it;
//! - while something of the run's lane waits in the journal, what follows goes there too.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use manent_domain::journal::JournalWrite;
use manent_domain::run::{AnswerSnapshot, AnswerStanding, RunProgress, RunStanding};
use manent_types::MessageStatus;
use tokio::time::Instant;

use super::{LiveRun, LiveState};
use crate::config::RunsConfig;
use crate::health::StoreHealth;
use crate::reader::Persisted;

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

    fn may_try(&self, now: Instant) -> bool {
        let may = self.may.get().unwrap_or_else(|| self.health.may_try(now));
        self.may.set(Some(may));
        may
    }
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
            self.is_logged_after_all();
        }
    }

    /// The next piece for the store, if it is time for one.
    pub(crate) fn next_for_store(
        &mut self,
        run: &LiveRun,
        context: &Context<'_>,
    ) -> Option<RunProgress> {
        let storing = &self.storing;
        if storing.opening != Opening::Done
            || storing.store_piece.is_some()
            || context.is_lane_pending
        {
            return None;
        }
        let now = context.now;
        let is_drained = storing.is_unconfirmed();
        let has_paused = storing.retry_at.is_none_or(|at| now >= at);
        if storing.is_suspect && !has_paused {
            return None;
        }
        let has_ended = self.ended.is_some();
        let is_urgent = has_ended || storing.has_more || context.is_closing;
        if context.is_urgent_only && !is_urgent {
            return None;
        }
        let last = self.log.last();
        let from = storing.stored.max(storing.journalled);
        let has_new = last > from;
        let is_answer_due = self.is_answer_due(run, now);
        let silence = now.duration_since(storing.heard_at);
        // What was asked is answered by the next piece, too; most questions are the echo of the last one.
        let is_asked = storing.is_asked && silence >= context.config.flush_interval * 2;
        let is_silent = silence >= context.config.heartbeat_interval;
        let shows_life = !has_ended && (is_asked || is_silent);
        if !(has_new || is_drained || is_answer_due || shows_life) {
            return None;
        }
        // What went through the journal shows that the store works, unless it failed since.
        let may_try =
            !context.is_store_failing || (is_drained && has_paused) || context.trial.may_try(now);
        if !may_try {
            return None;
        }
        let events = self.log.copy_after(from, PIECE_BYTES);
        let up_to = events.last().map_or(from, |logged| logged.position);
        let is_whole = up_to == last;
        let answer = (is_answer_due && is_whole).then(|| self.snapshot());
        let storing = &mut self.storing;
        storing.store_piece = Some(StorePiece {
            since: now,
            up_to,
            answer: answer.as_ref().map(|answer| answer.position),
        });
        storing.is_asked = false;
        storing.has_more = !is_whole;
        storing.heard_at = now;
        Some(RunProgress {
            owner: run.owner,
            run: run.id,
            end: self
                .ended
                .as_ref()
                .filter(|_| is_whole)
                .map(|ended| ended.end.clone()),
            events,
            answer,
        })
    }

    /// The next writes for the journal, if the store cannot take them.
    pub(crate) fn next_for_journal(
        &mut self,
        run: &LiveRun,
        context: &Context<'_>,
    ) -> Option<Vec<JournalWrite>> {
        let storing = &self.storing;
        if !context.has_journal
            || storing.journal_piece.is_some()
            || storing.opening == Opening::Never
        {
            return None;
        }
        let is_late = storing
            .store_piece
            .is_some_and(|piece| Storing::is_late(piece.since, context))
            || matches!(storing.opening, Opening::Underway { since } if Storing::is_late(since, context));
        let is_closing = context.is_closing
            && (storing.retry_at.is_some() || matches!(storing.opening, Opening::Failed { .. }));
        // What went through the journal is asked for at the store first: that also shows whether it works again.
        let asks_store = !context.is_lane_pending
            && storing.opening == Opening::Done
            && storing.is_unconfirmed()
            && storing.retry_at.is_none();
        let is_needed = context.is_lane_pending
            || is_late
            || is_closing
            || (matches!(storing.opening, Opening::Failed { .. })
                && !storing.steps_journalled
                && !storing.is_forgotten)
            || (context.is_store_failing && storing.store_piece.is_none() && !asks_store);
        if !is_needed {
            return None;
        }
        let mut writes = Vec::new();
        let has_steps = storing.opening != Opening::Done && !storing.steps_journalled;
        if has_steps {
            writes.extend(storing.steps.iter().cloned());
        }
        let from = storing.stored.max(storing.journalled);
        let events = self.log.copy_after(from, PIECE_BYTES);
        let up_to = events.last().map_or(from, |logged| logged.position);
        let is_whole = up_to == self.log.last();
        let has_end = is_whole && !events.is_empty() && self.ended.is_some();
        if !events.is_empty() {
            let wants_answer = run.record.is_some() && !storing.is_record_refused;
            writes.push(JournalWrite::RecordRun {
                node: run.node,
                progress: RunProgress {
                    owner: run.owner,
                    run: run.id,
                    events,
                    answer: (has_end && wants_answer).then(|| self.snapshot()),
                    end: self
                        .ended
                        .as_ref()
                        .filter(|_| has_end)
                        .map(|ended| ended.end.clone()),
                },
            });
        }
        if writes.is_empty() {
            return None;
        }
        self.storing.journal_piece = Some(JournalPiece {
            up_to,
            has_steps,
            has_end,
        });
        Some(writes)
    }

    /// Whether the registration went through the journal: then the store works.
    pub(crate) const fn is_opening_drained(&self) -> bool {
        self.storing.steps_journalled
    }

    /// Whether the registration is to be tried (again) at the store.
    pub(crate) fn is_opening_due(&self, context: &Context<'_>) -> bool {
        let storing = &self.storing;
        let Opening::Failed { again_at } = storing.opening else {
            return false;
        };
        if context.is_lane_pending || storing.journal_piece.is_some() {
            return false;
        }
        if storing.is_forgotten || storing.steps_journalled {
            return context.now >= again_at || storing.openings_failed <= 1;
        }
        let has_paused = context.now >= again_at || !context.is_store_failing;
        !context.has_journal && has_paused && context.trial.may_try(context.now)
    }

    /// Takes over what the store answered to the piece.
    pub(crate) fn take_standing(
        &mut self,
        run: &LiveRun,
        standing: &RunStanding,
        context: &Context<'_>,
    ) -> Applied {
        let Some(piece) = self.storing.store_piece.take() else {
            return Applied::default();
        };
        let last = self.log.last();
        let has_ended_there = standing.status != MessageStatus::Running;
        if has_ended_there && self.ended.is_none() {
            // It ended without this process: another run that had this id.
            self.storing.give_up();
            return Applied {
                is_lost: true,
                ..Applied::default()
            };
        }
        let storing = &mut self.storing;
        storing.retry_at = None;
        storing.is_suspect = false;
        storing.failures = 0;
        let mut applied = Applied {
            is_stop_requested: standing.stop_requested,
            ..Applied::default()
        };
        if standing.last_position < piece.up_to && !has_ended_there {
            // It lacks some that should have been there: they are sent again.
            storing.stored = standing.last_position;
            storing.journalled = storing.journalled.min(standing.last_position);
            storing.has_more = true;
            storing.gaps += 1;
            if storing.gaps > 1 {
                // It should not happen again right away; not in a tight loop at least.
                storing.is_suspect = true;
                storing.retry_at =
                    Some(context.now + pause(RETRY_PAUSE, storing.gaps, LONGEST_RETRY_PAUSE));
            }
            applied.is_lost = storing.stored + 1 < self.log.first() && storing.stored < last;
            if applied.is_lost {
                storing.give_up();
            }
            return applied;
        }
        storing.gaps = 0;
        let reached = if has_ended_there {
            last
        } else {
            standing.last_position.min(last)
        };
        applied.stored_events = reached.saturating_sub(storing.stored);
        storing.stored = storing.stored.max(reached);
        storing.has_more |= self.ended.is_some() && storing.stored < last;
        self.take_answer_standing(run, piece.answer, standing.answer, context);
        self.log.trim(self.storing.stored, MEMORY_BYTES);
        applied
    }

    fn take_answer_standing(
        &mut self,
        run: &LiveRun,
        sent: Option<u64>,
        standing: AnswerStanding,
        context: &Context<'_>,
    ) {
        if run.record.is_none() || self.storing.is_record_refused {
            return;
        }
        let now = context.now;
        self.storing.answer = standing;
        match standing {
            AnswerStanding::Stored { .. } => {
                if let Some(position) = sent {
                    self.storing.answer_position = position;
                    self.storing.answer_due = now + context.config.snapshot_interval;
                }
            }
            AnswerStanding::NotWanted | AnswerStanding::NotYet => {}
            AnswerStanding::ParentMissing => {
                if sent.is_some() {
                    self.storing.answer_offers += 1;
                    let offers = self.storing.answer_offers;
                    let is_awaited = self.ended.as_ref().is_none_or(|ended| {
                        now.duration_since(ended.since) < context.config.join_wait
                    });
                    let pause = if is_awaited {
                        PARENT_PAUSE
                    } else {
                        pause(PARENT_PAUSE, offers, LONGEST_PARENT_PAUSE)
                    };
                    self.storing.answer_due = now + pause;
                }
                let has_waited = |ended: &super::Ended| {
                    now.duration_since(ended.since) >= context.config.parent_wait
                };
                if self.ended.as_ref().is_some_and(has_waited) && !self.storing.has_given_up_answer
                {
                    self.storing.has_given_up_answer = true;
                    tracing::warn!(run = %run.id, "an answer is not kept: the message that it follows did not come");
                }
            }
            AnswerStanding::Refused(refusal) => {
                self.storing.is_record_refused = true;
                self.tell_not_recorded(&refusal.to_string());
            }
        }
    }

    /// Whether nothing is left to be done for it.
    pub(crate) fn is_settled(&self, run: &LiveRun) -> bool {
        self.ended.is_some()
            && (self.storing.opening == Opening::Never
                || (self.is_logged() && self.is_answer_settled(run.record.is_some())))
    }

    /// Since when the journal has all of it.
    pub(crate) fn journalled_since(&self) -> Option<Instant> {
        self.storing.end_journalled
    }

    /// What is kept, and when it is worth asking again. `grace`: how long to wait for the store when the journal has everything already and the
    /// store is not known to fail.
    pub(super) fn persisted(
        &self,
        has_record: bool,
        now: Instant,
        is_store_failing: bool,
        grace: Duration,
    ) -> (Persisted, Option<Instant>) {
        let storing = &self.storing;
        let logged = self.is_logged();
        let is_answer_kept = has_record
            && !storing.is_record_refused
            && (self.is_answer_stored() || (self.ended.is_some() && self.is_empty()));
        let is_kept = logged && (!has_record || is_answer_kept);
        let in_journal = self.ended.is_some() && storing.journalled >= self.log.last();
        let persisted = Persisted {
            logged,
            persisted: has_record.then_some(logged && is_answer_kept),
            journal_position: storing.journal_position.filter(|_| !is_kept && in_journal),
        };
        let is_final =
            storing.opening == Opening::Never || (logged && self.is_answer_settled(has_record));
        let again_at = match (is_final, storing.end_journalled) {
            (true, _) => None,
            (false, Some(_)) if is_store_failing => None,
            (false, Some(since)) if in_journal => Some(since + grace).filter(|at| *at > now),
            // The reader's own patience ends it.
            (false, _) => Some(now + Duration::from_hours(1)),
        };
        (persisted, again_at)
    }

    /// All of it is in the store's log.
    fn is_logged(&self) -> bool {
        self.ended.is_some()
            && self.storing.opening == Opening::Done
            && self.log.last() > 0
            && self.storing.stored >= self.log.last()
    }

    fn is_answer_stored(&self) -> bool {
        matches!(self.storing.answer, AnswerStanding::Stored { .. })
            && self.storing.answer_position >= self.log.last()
    }

    fn is_answer_settled(&self, has_record: bool) -> bool {
        !has_record
            || self.storing.is_record_refused
            || self.storing.has_given_up_answer
            || self.is_answer_stored()
            || (self.ended.is_some() && self.is_empty())
    }

    fn is_answer_due(&self, run: &LiveRun, now: Instant) -> bool {
        let storing = &self.storing;
        if run.record.is_none()
            || storing.is_record_refused
            || storing.has_given_up_answer
            || storing.answer_position >= self.log.last()
            || self.is_empty()
        {
            return false;
        }
        let waits_for_parent = storing.answer == AnswerStanding::ParentMissing;
        now >= storing.answer_due || (self.ended.is_some() && !waits_for_parent)
    }

    fn snapshot(&self) -> AnswerSnapshot {
        AnswerSnapshot {
            content: self.answer.content(),
            usage: self.answer.usage(),
            position: self.log.last(),
        }
    }

    fn is_empty(&self) -> bool {
        !self.answer.has_content()
    }
}
