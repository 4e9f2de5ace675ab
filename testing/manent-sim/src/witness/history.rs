//! What the histories tell, against what happened.

use manent_engine::{FailReason, Fate, HISTORY_ENTRIES, HistoryStep, ItemState};

use super::views::Listed;
use super::{Surroundings, Watched, Witness, untrue};
use crate::violation::Violation;

impl Witness {
    /// Notes those of which the witness has not heard.
    pub(super) fn meet(&mut self, engine: &Watched) {
        for (item, state) in engine.items() {
            let seen = self.seen.entry(item.id).or_default();
            if seen.entries > 0 {
                continue;
            }
            seen.entries = engine.history(item.id).len();
            seen.told.get_or_insert(state);
            seen.fate = Some(item.fate.clone());
            seen.maybe_sent |= !item.is_held && !self.step.held.contains(&item.id);
            seen.is_accepted = true;
            self.step.entries.remove(&item.id);
        }
    }

    pub(super) fn check_histories(
        &mut self,
        engine: &Watched,
        items: &[Listed<'_>],
        around: Surroundings<'_>,
    ) -> Result<(), Violation> {
        for (item, state) in items {
            let id = item.id;
            let history = engine.history(id);
            let mut expected = self.step.entries.remove(&id).unwrap_or_default();
            let seen = self.seen.entry(id).or_default();
            if seen.entries == 0
                && history.first().map(|entry| entry.step) != Some(HistoryStep::Queued)
            {
                return untrue(format!("the history of {id} does not begin"));
            }
            let is_content_new = expected
                .iter()
                .any(|step| matches!(step, HistoryStep::Queued | HistoryStep::Edited));
            if is_content_new && !expected.contains(&HistoryStep::Retried) {
                seen.is_accepted = false;
            }
            let is_accepted = !matches!(state, ItemState::Storing);
            let is_on_disk = around
                .disk
                .get(id)
                .is_some_and(|stored| stored.payload == item.payload)
                || !around.knows_its_store;
            if !seen.is_accepted && is_accepted && is_on_disk {
                expected.push(HistoryStep::Stored);
                seen.is_accepted = true;
            }
            let before = seen.fate.replace(item.fate.clone());
            let from = seen.entries;
            seen.entries = history.len();
            if history.len() >= HISTORY_ENTRIES {
                continue;
            }
            let added = &history[from.min(history.len())..];
            if added.iter().any(|entry| entry.at != around.caller_now) {
                return untrue(format!("the history of {id} tells another time"));
            }
            let mut shown: Vec<HistoryStep> = added.iter().map(|entry| entry.step).collect();
            let expects = |step| expected.contains(&step);
            match (before, &item.fate) {
                (Some(Fate::Pending), Fate::Failed { reason }) => {
                    let step = match reason {
                        FailReason::Withdrawn => HistoryStep::Withdrawn,
                        _ => HistoryStep::Failed,
                    };
                    if !expects(step) {
                        expected.push(step);
                    }
                }
                (Some(Fate::Failed { .. } | Fate::Discarded { .. }), Fate::Pending)
                    if !expects(HistoryStep::Retried) =>
                {
                    expected.push(HistoryStep::Retried);
                }
                // It failed and was freed again in one step.
                (Some(Fate::Pending), Fate::Pending)
                    if shown.contains(&HistoryStep::Failed)
                        && shown.contains(&HistoryStep::Retried) =>
                {
                    expected.extend([HistoryStep::Failed, HistoryStep::Retried]);
                }
                _ => {}
            }
            let order = |step: &HistoryStep| *step as u8;
            expected.sort_unstable_by_key(order);
            shown.sort_unstable_by_key(order);
            if expected != shown {
                return untrue(format!(
                    "the history of {id} grew by {shown:?}, and not by {expected:?}"
                ));
            }
        }
        Ok(())
    }
}
