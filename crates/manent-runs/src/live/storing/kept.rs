//! What is kept.

use std::time::Duration;

use manent_domain::run::AnswerStanding;
use tokio::time::Instant;

use super::super::{LiveRun, LiveState};
use super::Opening;
use crate::reader::Persisted;

/// How long an end is held back for a parent that is not there: whoever sends it apart from the answer knows best how it fares, and a reader
/// should not wait for that.
const PARENT_PATIENCE: Duration = Duration::from_millis(600);

impl LiveState {
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
    pub(in crate::live) fn persisted(
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
            (false, None) if logged && storing.answer == AnswerStanding::ParentMissing => {
                let since = self.ended.as_ref().map(|ended| ended.since);
                since
                    .map(|since| since + PARENT_PATIENCE)
                    .filter(|at| *at > now)
            }
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

    /// The answer says nothing.
    pub(super) fn is_empty(&self) -> bool {
        !self.answer.has_content()
    }
}
