//! Registers a run: stores, in order, what must be there before anything of the run.
//!
//! Every step may be repeated, here and by the journal: a conversation, message or run that is there already is as good.

use std::sync::Arc;

use manent_domain::append::{Outcome, ParentRef, Submission};
use manent_domain::error::Refusal;
use manent_domain::journal::JournalWrite;
use manent_domain::ports::StoreError;
use manent_domain::run::{Begun, NewRun, Run};
use manent_types::MessageId;
use tokio::time::{Instant, sleep};

use crate::hub::{Departure, Hub};
use crate::live::{LiveRun, LiveState, Refused};

/// What became of a step.
enum Step {
    Done,
    Refused(Refused),
    /// Another run has the id.
    Taken,
}

/// Spawns the registration of a run. `is_trusted`: the store works, whatever was seen before.
pub(crate) fn spawn(hub: &Arc<Hub>, run: &Arc<LiveRun>, is_trusted: bool) {
    let (hub, run) = (Arc::clone(hub), Arc::clone(run));
    hub.tasks.clone().spawn(async move {
        open(&hub, &run, is_trusted).await;
        hub.flush_soon.notify_one();
    });
}

async fn open(hub: &Hub, run: &Arc<LiveRun>, is_trusted: bool) {
    let has_choice = hub.ports.journal.is_some() && !is_trusted;
    let waits =
        hub.is_lane_pending(run.lane) || (has_choice && !hub.health.may_try(Instant::now()));
    if waits || open_at_store(hub, run).await.is_err() {
        if hub.health.is_failing() {
            run.tell_not_logged();
        }
        run.with_state(true, |state| state.storing.opening_failed(Instant::now()));
    }
}

async fn open_at_store(hub: &Hub, run: &Arc<LiveRun>) -> Result<(), StoreError> {
    let mut steps = run.with_state(false, |state| state.storing.steps());
    let mut next = 0;
    while let Some(step) = steps.get(next) {
        if hub.departure(run.owner) == Some(Departure::Gone) {
            run.with_state(true, |state| state.storing.give_up());
            return Ok(());
        }
        match perform(hub, run, step.clone()).await? {
            Step::Done => next += 1,
            Step::Refused(why) => {
                if run.refuse(why) {
                    return Ok(());
                }
                let unrecorded = unrecorded(&steps);
                if unrecorded.is_empty() {
                    run.with_state(true, |state| state.storing.give_up());
                    return Ok(());
                }
                // The provider answers already: the run is logged all the same.
                steps = run.with_state(false, |state| {
                    state.storing.replace_steps(unrecorded);
                    state.storing.steps()
                });
                next = 0;
            }
            Step::Taken => {
                if run.yield_to_existing() {
                    hub.forget(run);
                }
                return Ok(());
            }
        }
    }
    run.with_state(true, LiveState::opened);
    Ok(())
}

/// What is left to be stored of a run whose answer is refused: the run. Nothing when that was all already.
fn unrecorded(steps: &[JournalWrite]) -> Vec<JournalWrite> {
    steps
        .iter()
        .filter_map(|step| match step {
            JournalWrite::BeginRun(new) if new.record.is_some() => {
                Some(JournalWrite::BeginRun(NewRun {
                    record: None,
                    ..*new
                }))
            }
            _ => None,
        })
        .collect()
}

async fn perform(hub: &Hub, run: &LiveRun, step: JournalWrite) -> Result<Step, StoreError> {
    let now = hub.ports.clock.now();
    let _registration = hub.gate.begin(Instant::now());
    match step {
        JournalWrite::CreateConversation(new) => {
            let create = hub.ports.conversation_store.create(run.owner, new, now);
            hub.write(create).await.map(|_| Step::Done)
        }
        JournalWrite::Append(submission) => append(hub, run, submission).await,
        JournalWrite::BeginRun(new) => {
            let begun = hub.write(hub.ports.runs.begin(run.owner, new, now)).await?;
            Ok(match begun {
                Begun::New(_) => Step::Done,
                Begun::Existing(existing) if is_same(run, &existing) => Step::Done,
                Begun::Existing(_) => Step::Taken,
                Begun::Refused(refusal) => Step::Refused(Refused::Because(refusal)),
            })
        }
        // The flusher stores progress.
        JournalWrite::RecordRun { .. } => Ok(Step::Done),
    }
}

/// Whether the registered run is this very one: an earlier try, or the journal, has registered it.
fn is_same(run: &LiveRun, existing: &Run) -> bool {
    existing.node == run.node && existing.started_at == run.started_at
}

async fn append(hub: &Hub, run: &LiveRun, submission: Submission) -> Result<Step, StoreError> {
    let began = Instant::now();
    loop {
        let append = hub
            .ports
            .messages
            .append_checked(run.owner, vec![submission.clone()]);
        let plan = hub.write(append).await?;
        let outcome = plan.outcomes.first().map(|item| item.outcome);
        return Ok(match outcome {
            Some(Outcome::Stored { .. } | Outcome::Duplicate { .. }) => Step::Done,
            Some(Outcome::Rejected(Refusal::ParentUnknown)) => {
                let may_wait = began.elapsed() < hub.config.parent_wait && !hub.is_closing();
                if may_wait && parent(&submission).is_some_and(|id| is_coming(hub, run, id)) {
                    sleep(hub.config.flush_interval).await;
                    // It waits for no store, so it is not late.
                    run.with_state(false, |state| state.storing.opening_goes_on(Instant::now()));
                    continue;
                }
                Step::Refused(Refused::Because(Refusal::ParentUnknown))
            }
            Some(Outcome::Rejected(refusal)) => Step::Refused(Refused::Because(refusal)),
            Some(Outcome::Conflict(_)) => Step::Refused(Refused::IdTaken),
            Some(Outcome::Blocked | Outcome::Gap { .. }) | None => {
                Step::Refused(Refused::Because(Refusal::ParentUnknown))
            }
        });
    }
}

fn parent(submission: &Submission) -> Option<MessageId> {
    match submission.message()?.parent {
        ParentRef::Message(id) => Some(id),
        ParentRef::Newest | ParentRef::Root => None,
    }
}

/// Whether a run of this process is about to store a message: it was shown already, so somebody may have replied to it.
fn is_coming(hub: &Hub, run: &LiveRun, message: MessageId) -> bool {
    hub.all().iter().any(|other| {
        other.owner == run.owner
            && other.record.is_some_and(|record| record.message == message)
            && !other.with_state(false, |state| state.is_settled(other))
    })
}
