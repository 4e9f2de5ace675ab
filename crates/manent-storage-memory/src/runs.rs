//! The port of runs.

mod write;

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use manent_domain::error::Refusal;
use manent_domain::feed::Subject;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{
    Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding, encode_events, plan_interruption,
    plan_progress,
};
use manent_types::{ConversationId, MessageStatus, NodeId, RunId, Timestamp, UserId};

use crate::MemoryStore;
use crate::state::{State, StoredRun};

/// What changed, for each owner.
type Subjects = HashMap<UserId, Vec<Subject>>;

#[async_trait]
impl RunRepository for MemoryStore {
    async fn begin(&self, owner: UserId, new: NewRun, now: Timestamp) -> Result<Begun, StoreError> {
        Ok(self.write(|unit| {
            if let Some(existing) = unit.state.run(owner, new.id) {
                return Begun::Existing(existing.run.clone());
            }
            if let Some(record) = new.record
                && unit
                    .state
                    .present_conversation(owner, record.conversation, now)
                    .is_none()
            {
                return Begun::Refused(Refusal::ConversationNotFound);
            }
            let run = Run {
                id: new.id,
                node: new.node,
                record: new.record,
                status: MessageStatus::Running,
                provider: None,
                model: None,
                last_position: 0,
                stop_requested: false,
                end: None,
                started_at: new.started_at,
                heartbeat_at: now,
                ended_at: None,
                log_cleared: false,
            };
            unit.state.runs.push(StoredRun {
                owner,
                run: run.clone(),
                log: std::collections::BTreeMap::new(),
            });
            if is_told(unit.state, owner, &run) {
                unit.changed(owner, [Subject::Run(new.id)], now);
            }
            Begun::New(run)
        }))
    }

    async fn find_run(&self, owner: UserId, id: RunId) -> Result<Option<Run>, StoreError> {
        let state = self.state();
        Ok(state.run(owner, id).map(|stored| stored.run.clone()))
    }

    async fn newest_run_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, StoreError> {
        let state = self.state();
        let of = |stored: &&StoredRun| {
            let target = stored.run.record.map(|record| record.conversation);
            stored.owner == owner && target == Some(conversation)
        };
        let runs = state.runs.iter().filter(of).map(|stored| &stored.run);
        Ok(runs.max_by_key(|run| (run.started_at, run.id)).cloned())
    }

    async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, StoreError> {
        let state = self.state();
        let of = |stored: &&StoredRun| {
            stored.owner == owner && stored.run.status == MessageStatus::Running
        };
        let running = state.runs.iter().filter(of);
        let mut running: Vec<Run> = running.map(|stored| stored.run.clone()).collect();
        running.sort_by_key(|run| Reverse((run.started_at, run.id)));
        running.truncate(limit);
        Ok(running)
    }

    async fn record(
        &self,
        node: NodeId,
        progress: Vec<RunProgress>,
        now: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError> {
        Ok(self.write(|unit| {
            let mut subjects = Subjects::new();
            let mut standings = Vec::with_capacity(progress.len());
            for progress in progress {
                let owner = progress.owner;
                let plan = unit
                    .state
                    .run(owner, progress.run)
                    .and_then(|stored| plan_progress(&stored.run, node, progress, now));
                standings.push(plan.map(|plan| {
                    let answer = write::progress(unit, owner, &plan, now);
                    if is_told(unit.state, owner, &plan.run) {
                        let changed = subjects.entry(owner).or_default();
                        changed.extend(plan.subjects(&answer));
                    }
                    plan.standing(&answer)
                }));
            }
            for (owner, subjects) in subjects {
                unit.changed(owner, subjects, now);
            }
            standings
        }))
    }

    async fn read_log(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
        max_bytes: usize,
    ) -> Result<Option<RunLogPage>, StoreError> {
        let state = self.state();
        let Some(stored) = state.run(owner, id) else {
            return Ok(None);
        };
        let mut bytes = 0;
        let mut events = Vec::new();
        for batch in stored.log.values() {
            if batch.last().is_none_or(|last| last.position <= after) {
                continue;
            }
            bytes += encode_events(batch).map_err(internal)?.len();
            if !events.is_empty() && bytes > max_bytes {
                break;
            }
            events.extend(batch.iter().cloned());
        }
        let run = stored.run.clone();
        Ok(Some(RunLogPage { run, events }))
    }

    async fn request_stop(
        &self,
        owner: UserId,
        id: RunId,
        _: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        Ok(self.write(|unit| {
            let run = &mut unit.state.run_mut(owner, id)?.run;
            let is_news = run.status == MessageStatus::Running && !run.stop_requested;
            run.stop_requested |= is_news;
            let run = run.clone();
            if is_news {
                unit.run_went_on(owner, id);
            }
            Some(run)
        }))
    }

    async fn interrupt_dead(
        &self,
        node: NodeId,
        heard_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        Ok(self.write(|unit| {
            let dead: Vec<(UserId, RunId)> = unit
                .state
                .runs
                .iter()
                .filter(|stored| {
                    stored.run.status == MessageStatus::Running
                        && stored.run.node != node
                        && stored.run.heartbeat_at < heard_before
                })
                .take(limit)
                .map(|stored| (stored.owner, stored.run.id))
                .collect();
            let mut subjects = Subjects::new();
            for (owner, id) in &dead {
                let Some(stored) = unit.state.run(*owner, *id) else {
                    continue;
                };
                let log = stored.log.values().flatten().map(|logged| &logged.event);
                let plan = plan_interruption(&stored.run, log, now);
                let answer = write::progress(unit, *owner, &plan, now);
                if is_told(unit.state, *owner, &plan.run) {
                    let changed = subjects.entry(*owner).or_default();
                    changed.extend(plan.subjects(&answer));
                }
            }
            for (owner, subjects) in subjects {
                unit.changed(owner, subjects, now);
            }
            dead
        }))
    }

    async fn clear_logs(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        Ok(self.write(|unit| {
            let old = unit
                .state
                .runs
                .iter_mut()
                .filter(|stored| {
                    !stored.run.log_cleared
                        && stored
                            .run
                            .ended_at
                            .is_some_and(|ended| ended < ended_before)
                })
                .take(limit);
            let mut cleared = 0;
            for stored in old {
                stored.log.clear();
                stored.run.log_cleared = true;
                cleared += 1;
            }
            cleared
        }))
    }
}

/// Whether a run stands in the feed: not one whose answer goes into a temporary conversation.
fn is_told(state: &State, owner: UserId, run: &Run) -> bool {
    run.record
        .is_none_or(|record| !state.is_temporary(owner, record.conversation))
}

/// A value that cannot be written as JSON, which all of them can.
fn internal(error: impl std::fmt::Display) -> StoreError {
    StoreError::Internal {
        detail: error.to_string(),
    }
}
