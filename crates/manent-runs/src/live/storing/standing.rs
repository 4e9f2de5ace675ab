//! What the store answered.

use manent_domain::error::{DomainError, Refusal};
use manent_domain::run::{AnswerStanding, RunStanding};
use manent_types::MessageStatus;

use super::super::{Ended, LiveRun, LiveState};
use super::{
    Applied, Context, LONGEST_PARENT_PAUSE, LONGEST_RETRY_PAUSE, MEMORY_BYTES, PARENT_PAUSE,
    RETRY_PAUSE, pause,
};

impl LiveState {
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
                let has_waited =
                    |ended: &Ended| now.duration_since(ended.since) >= context.config.parent_wait;
                if self.ended.as_ref().is_some_and(has_waited) && !self.storing.has_given_up_answer
                {
                    self.storing.has_given_up_answer = true;
                    tracing::warn!(run = %run.id, "an answer is not kept: the message that it follows did not come");
                }
            }
            AnswerStanding::Refused(refusal) => {
                self.storing.is_record_refused = true;
                self.tell_not_recorded(&match refusal {
                    // The ids of a record are valid; the store says so of one that is taken.
                    Refusal::InvalidId => DomainError::MessageIdTaken.to_string(),
                    refusal => refusal.to_string(),
                });
            }
        }
    }
}
