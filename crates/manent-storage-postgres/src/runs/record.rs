//! Storing the progress of runs.

use std::collections::BTreeMap;

use manent_domain::feed::Subject;
use manent_domain::ports::StoreError;
use manent_domain::run::{
    AnswerPlan, AnswerWish, ProgressPlan, RunProgress, RunStanding, encode_events, plan_answer,
    plan_progress,
};
use manent_types::{NodeId, Timestamp, UserId};

use super::answer;
use crate::append::{PreparedTexts, WorkspaceFacts};
use crate::error::Error;
use crate::workspace::{Wanted, Workspace};

/// A piece of progress with the texts that it will most likely write.
pub(crate) struct PreparedProgress {
    progress: RunProgress,
    events: String,
    answer: Option<PreparedTexts>,
}

impl PreparedProgress {
    pub(crate) fn new(progress: RunProgress) -> Result<Self, StoreError> {
        let events = encode_events(&progress.events).map_err(|_| Error::Unfit {
            what: "an event of a run",
        })?;
        let answer = progress
            .answer
            .as_ref()
            .map(|answer| PreparedTexts::of(progress.owner, &answer.content, answer.usage.as_ref()))
            .transpose()?;
        Ok(Self {
            progress,
            events,
            answer,
        })
    }

    /// Whose it is.
    pub(crate) const fn owner(&self) -> UserId {
        self.progress.owner
    }

    /// About how many bytes it writes.
    pub(crate) fn bytes(&self) -> usize {
        256 + self.events.len() + self.answer.as_ref().map_or(0, PreparedTexts::bytes)
    }

    /// The rows that it surely needs.
    pub(crate) fn want(&self, wanted: &mut Wanted) {
        let progress = &self.progress;
        wanted.owners.insert(progress.owner);
        wanted.runs.insert((progress.owner, progress.run));
    }
}

/// Stores the progress of runs of a node.
pub(crate) fn record(
    workspace: &mut Workspace,
    node: NodeId,
    batch: &[PreparedProgress],
    now: Timestamp,
) -> Result<Vec<Option<RunStanding>>, Error> {
    let mut subjects: BTreeMap<UserId, Vec<Subject>> = BTreeMap::new();
    let mut standings = Vec::with_capacity(batch.len());
    for prepared in batch {
        let progress = &prepared.progress;
        let owner = progress.owner;
        let plan = workspace
            .run((owner, progress.run))
            .and_then(|run| plan_progress(run, node, progress.clone(), now));
        let Some(plan) = plan else {
            standings.push(None);
            continue;
        };
        // What was written down beforehand is all of the events, or it is not used.
        let events = (plan.events == progress.events).then(|| prepared.events.clone());
        let answer = write(
            workspace,
            owner,
            &plan,
            events,
            prepared.answer.as_ref(),
            now,
        )?;
        let changed = subjects.entry(owner).or_default();
        changed.extend(told(workspace, owner, &plan, &answer));
        standings.push(Some(plan.standing(&answer)));
    }
    for (owner, subjects) in subjects {
        workspace.changed(owner, subjects, now);
    }
    Ok(standings)
}

/// What stands in the feed for it: nothing when the answer goes into a temporary conversation.
pub(super) fn told(
    workspace: &mut Workspace,
    owner: UserId,
    plan: &ProgressPlan,
    answer: &AnswerPlan,
) -> Vec<Subject> {
    let subjects = plan.subjects(answer);
    if !subjects.is_empty()
        && let Some(target) = plan.run.record
        && workspace.is_temporary((owner, target.conversation))
    {
        return Vec::new();
    }
    subjects
}

/// Writes a run's progress and its answer, all but the feed entries. `events` and `prepared` where they were made ready.
pub(super) fn write(
    workspace: &mut Workspace,
    owner: UserId,
    plan: &ProgressPlan,
    events: Option<String>,
    prepared: Option<&PreparedTexts>,
    now: Timestamp,
) -> Result<AnswerPlan, Error> {
    let run = plan.run.clone();
    workspace.set_run(owner, run.clone());
    if let Some(first) = plan.removed_end {
        workspace.remove_events(owner, run.id, first);
    }
    if plan.is_turned || !plan.events.is_empty() {
        workspace.run_went_on(owner, run.id);
    }
    workspace.add_events(owner, run.id, plan.events.clone(), events)?;
    let existing = answer::find(workspace, owner, &run);
    if existing.is_none()
        && let Some(target) = run.record
        && let AnswerWish::Write(Some(_)) | AnswerWish::InsertOnly(_) = &plan.answer
    {
        // All that an insertion may ask for at once, so that it is loaded together.
        let mut facts = WorkspaceFacts {
            workspace,
            owner,
            now,
        };
        answer::ask(&mut facts, target);
    }
    let mut facts = WorkspaceFacts {
        workspace,
        owner,
        now,
    };
    let Ok(answer) = plan_answer(&mut facts, plan, existing);
    answer::write(workspace, owner, plan, &answer.write, prepared, now)?;
    Ok(answer)
}
