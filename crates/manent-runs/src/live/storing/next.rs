//! What is to be done next.

use manent_domain::journal::JournalWrite;
use manent_domain::run::{AnswerSnapshot, AnswerStanding, RunProgress};
use tokio::time::Instant;

use super::super::{LiveRun, LiveState};
use super::{Context, JournalPiece, Opening, PIECE_BYTES, StorePiece, Storing};

impl LiveState {
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
}
