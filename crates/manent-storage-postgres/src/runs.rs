//! Runs: what becomes of them is decided by the domain, here it is put into the rows.

mod answer;
mod read;
mod record;

use manent_domain::error::Refusal;
use manent_domain::feed::Subject;
use manent_domain::run::{Begun, NewRun, Run, plan_interruption};
use manent_types::{MessageStatus, NodeId, RunId, Timestamp, UserId};

use crate::error::Error;
use crate::workspace::Workspace;

pub(crate) use read::{dead, find, logged, newest_of, read_log, running_of};
pub(crate) use record::{PreparedProgress, record};

/// Registers a run, or finds the owner's existing one.
pub(crate) fn begin(
    workspace: &mut Workspace,
    owner: UserId,
    new: &NewRun,
    now: Timestamp,
) -> Begun {
    if let Some(existing) = workspace.run((owner, new.id)) {
        return Begun::Existing(existing.clone());
    }
    let mut is_told = true;
    if let Some(record) = new.record {
        let row = workspace.conversation((owner, record.conversation));
        match row.filter(|row| !row.conversation.is_expired(now)) {
            Some(row) => is_told = !row.conversation.is_temporary(),
            None => return Begun::Refused(Refusal::ConversationNotFound),
        }
    }
    if workspace.is_gone(owner) {
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
    workspace.add_run(owner, run.clone());
    if is_told {
        workspace.changed(owner, [Subject::Run(new.id)], now);
    }
    Begun::New(run)
}

/// Asks a run to stop.
pub(crate) fn request_stop(workspace: &mut Workspace, owner: UserId, id: RunId) -> Option<Run> {
    let mut run = workspace.run((owner, id))?.clone();
    if run.status == MessageStatus::Running && !run.stop_requested {
        run.stop_requested = true;
        workspace.set_run(owner, run.clone());
        workspace.run_went_on(owner, id);
    }
    Some(run)
}

/// Ends those runs of an owner that are still ones of other nodes of which nothing was heard; tells which they were.
pub(crate) fn interrupt(
    workspace: &mut Workspace,
    owner: UserId,
    ids: &[RunId],
    node: NodeId,
    heard_before: Timestamp,
    now: Timestamp,
) -> Result<Vec<RunId>, Error> {
    let mut interrupted = Vec::new();
    let mut subjects = Vec::new();
    for id in ids {
        let Some(run) = workspace.run((owner, *id)).cloned() else {
            continue;
        };
        let is_dead = run.status == MessageStatus::Running
            && run.node != node
            && run.heartbeat_at < heard_before;
        if !is_dead {
            continue;
        }
        let log = workspace.log((owner, *id));
        let plan = plan_interruption(&run, log.iter().map(|logged| &logged.event), now);
        let answer = record::write(workspace, owner, &plan, None, None, now)?;
        subjects.extend(record::told(workspace, owner, &plan, &answer));
        interrupted.push(*id);
    }
    workspace.changed(owner, subjects, now);
    Ok(interrupted)
}

/// Clears the log of a run if it ended before a time; tells whether it did.
pub(crate) fn clear_log(
    workspace: &mut Workspace,
    owner: UserId,
    id: RunId,
    ended_before: Timestamp,
) -> bool {
    let Some(mut run) = workspace.run((owner, id)).cloned() else {
        return false;
    };
    if run.log_cleared || run.ended_at.is_none_or(|ended| ended >= ended_before) {
        return false;
    }
    run.log_cleared = true;
    workspace.set_run(owner, run);
    workspace.clear_log((owner, id));
    true
}
