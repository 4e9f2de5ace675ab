//! Runs and their logs.

use manent_domain::run::{LoggedEvent, Run, encode_events};
use manent_types::{RunId, UserId};

use super::{RunKey, Workspace};
use crate::error::Error;

/// A batch of a run's log.
#[derive(Debug)]
pub(super) struct EventBatch {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) events: String,
    /// The same, to be read by later work of the group.
    decoded: Vec<LoggedEvent>,
}

impl Workspace {
    pub(crate) fn run(&mut self, key: RunKey) -> Option<&Run> {
        if let Some(changed) = self.changed.runs.get(&key) {
            return Some(changed);
        }
        if let Some(row) = self.stored.runs.get(&key) {
            return row.as_ref();
        }
        self.missing.runs.insert(key);
        None
    }

    pub(crate) fn add_run(&mut self, owner: UserId, run: Run) {
        let key = (owner, run.id);
        self.changed.runs.insert(key, run);
        self.changed.new_runs.push(key);
    }

    /// Writes the whole row of a run that is there.
    pub(crate) fn set_run(&mut self, owner: UserId, run: Run) {
        self.changed.runs.insert((owner, run.id), run);
    }

    /// The whole log.
    pub(crate) fn log(&mut self, key: RunKey) -> Vec<LoggedEvent> {
        let mut log = if self.changed.new_runs.contains(&key) {
            Vec::new()
        } else if let Some(stored) = self.stored.logs.get(&key) {
            stored.clone()
        } else {
            self.missing.logs.insert(key);
            return Vec::new();
        };
        let removed: Vec<u64> = self
            .changed
            .removed_events
            .iter()
            .filter(|(run, _)| *run == key)
            .map(|(_, position)| *position)
            .collect();
        log.retain(|logged| !removed.contains(&logged.position));
        for (run, batch) in &self.changed.events {
            if *run == key {
                log.extend(batch.decoded.iter().cloned());
            }
        }
        log
    }

    /// Adds a batch to a run's log. `encoded` when somebody wrote it down already.
    pub(crate) fn add_events(
        &mut self,
        owner: UserId,
        run: RunId,
        events: Vec<LoggedEvent>,
        encoded: Option<String>,
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let text = match encoded {
            Some(text) => text,
            None => encode_events(&events).map_err(|_| Error::Unfit {
                what: "an event of a run",
            })?,
        };
        let batch = EventBatch {
            first: first.position,
            last: last.position,
            events: text,
            decoded: events,
        };
        self.changed.events.push(((owner, run), batch));
        Ok(())
    }

    /// Takes the batch that begins at a position out of a run's log.
    pub(crate) fn remove_events(&mut self, owner: UserId, run: RunId, first: u64) {
        let key = (owner, run);
        let events = &mut self.changed.events;
        let before = events.len();
        events.retain(|(run, batch)| *run != key || batch.first != first);
        if events.len() == before {
            self.changed.removed_events.push((key, first));
        }
    }

    /// Clears a run's log.
    pub(crate) fn clear_log(&mut self, key: RunKey) {
        self.changed.events.retain(|(run, _)| *run != key);
        self.changed.cleared_logs.insert(key);
    }
}
