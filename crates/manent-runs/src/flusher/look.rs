//! One look at all runs: what goes to the store, what to the journal, and what is registered (again).

use std::sync::Arc;

use manent_domain::journal::JournalEntry;
use manent_domain::run::RunProgress;

use super::{BATCH_BYTES, BATCH_RUNS};
use crate::hub::Hub;
use crate::live::{Context, LiveRun, Log};
use crate::opener;

/// One look at all runs.
pub(super) struct Look<'hub> {
    pub(super) hub: &'hub Arc<Hub>,
    pub(super) context: Context<'hub>,
    pub(super) may_record: bool,
    pub(super) may_journal: bool,
    pub(super) bytes: usize,
    pub(super) progress: Vec<RunProgress>,
    pub(super) progress_runs: Vec<Arc<LiveRun>>,
    /// What each run gives to the journal.
    pub(super) entries: Vec<(Arc<LiveRun>, Vec<JournalEntry>)>,
}

impl Look<'_> {
    /// Takes what is to be done for a run.
    pub(super) fn at(&mut self, run: &Arc<LiveRun>) {
        let context = Context {
            is_lane_pending: self.hub.is_lane_pending(run.lane),
            ..self.context
        };
        run.with_state(false, |state| {
            if state.is_opening_due(&context) {
                state.storing.opening_begins(context.now);
                opener::spawn(self.hub, run, state.is_opening_drained());
            }
            if self.has_room(state.storing.is_suspect())
                && let Some(progress) = state.next_for_store(run, &context)
            {
                self.bytes += Log::size_of(&progress.events);
                self.may_record &= !state.storing.is_suspect();
                self.progress.push(progress);
                self.progress_runs.push(Arc::clone(run));
            }
            if self.may_journal
                && let Some(writes) = state.next_for_journal(run, &context)
            {
                let entry = |write| JournalEntry {
                    owner: run.owner,
                    lane: run.lane,
                    write,
                };
                let entries = writes.into_iter().map(entry).collect();
                self.entries.push((Arc::clone(run), entries));
            }
        });
    }

    /// Whether one more fits into the batch. A suspect goes alone.
    fn has_room(&self, is_suspect: bool) -> bool {
        self.may_record
            && self.progress.len() < BATCH_RUNS
            && self.bytes < BATCH_BYTES
            && (!is_suspect || self.progress.is_empty())
    }
}
