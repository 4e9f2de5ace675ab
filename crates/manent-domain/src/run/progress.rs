//! The decision about a run's progress: from the run's row to the row afterwards, what goes into the log and what the answer wants.

use manent_types::{MessageStatus, NodeId, Timestamp};

use super::event::{LoggedEvent, RunEnd, RunEvent};
use super::{AnswerBuilder, AnswerSnapshot, INTERRUPTION_GAP, Run, RunProgress};

/// What a run takes of a piece of progress. A store writes the run, removes and adds events, then decides about the answer
/// ([`super::plan_answer`]); all of it in one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressPlan {
    /// The run as it stands afterwards; the whole row. Equal to the row before when nothing is to be written.
    pub run: Run,
    /// The end to take out of the log first, by its position: a batch of its own.
    pub removed_end: Option<u64>,
    /// To add to the log as one batch; empty: nothing.
    pub events: Vec<LoggedEvent>,
    /// The run ended, or came back to life: it stands in the feed, and its message follows.
    pub is_turned: bool,
    /// What the answer wants.
    pub answer: AnswerWish,
}

/// What is to be written into a run's message.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerWish {
    /// Nothing is written; only the standing is asked for.
    Nothing,
    /// The run is being written: the content if it is newer, and always the run's status.
    Write(Option<AnswerSnapshot>),
    /// The run ended before and its whole answer comes again: only where there is no message yet, because its parent came late.
    InsertOnly(AnswerSnapshot),
}

/// Decides what becomes of a piece of progress of a run of `node`. Absent when the run is another node's: nothing of it may be taken then.
pub fn plan_progress(
    run: &Run,
    node: NodeId,
    progress: RunProgress,
    now: Timestamp,
) -> Option<ProgressPlan> {
    if run.node != node {
        return None;
    }
    let mut after = run.clone();
    let removed_end = revive(&mut after);
    if after.status != MessageStatus::Running {
        return Some(ProgressPlan {
            answer: late_answer(&after, progress.answer),
            run: after,
            removed_end: None,
            events: Vec::new(),
            is_turned: false,
        });
    }
    after.heartbeat_at = after.heartbeat_at.max(now);
    let mut plan = ProgressPlan {
        run: after,
        removed_end,
        events: Vec::new(),
        is_turned: removed_end.is_some(),
        answer: AnswerWish::Nothing,
    };
    let events = new_events(plan.run.last_position, progress.events);
    let last_position = events
        .last()
        .map_or(plan.run.last_position, |last| last.position);
    let is_gap = !follows(plan.run.last_position, &events)
        || progress
            .answer
            .as_ref()
            .is_some_and(|answer| answer.position > last_position);
    if is_gap {
        // The life is shown in the message too; the content stays.
        if plan.is_turned {
            plan.answer = AnswerWish::Write(None);
        }
        return Some(plan);
    }
    take(&mut plan, events, now);
    if plan.is_turned || progress.answer.is_some() {
        plan.answer = AnswerWish::Write(progress.answer);
    }
    Some(plan)
}

/// Decides how a run whose process is dead ends. `log` is the whole stored log. The run must be running.
pub fn plan_interruption<'event>(
    run: &Run,
    log: impl IntoIterator<Item = &'event RunEvent>,
    now: Timestamp,
) -> ProgressPlan {
    let mut builder = AnswerBuilder::default();
    for event in log {
        builder.apply(event);
    }
    let end = RunEnd::interrupted();
    let event = RunEvent::Ended(end.clone());
    builder.apply(&event);
    let logged = run.last_position;
    let mut after = run.clone();
    after.last_position = logged + INTERRUPTION_GAP;
    after.status = end.status;
    after.end = Some(end);
    after.ended_at = Some(now);
    ProgressPlan {
        events: vec![LoggedEvent {
            position: after.last_position,
            event,
        }],
        run: after,
        removed_end: None,
        is_turned: true,
        answer: AnswerWish::Write(Some(AnswerSnapshot {
            content: builder.content(),
            usage: builder.usage(),
            position: logged,
        })),
    }
}

impl Run {
    /// The position of the last event before its end was found ([`plan_interruption`]); absent unless it ended that way.
    pub const fn position_when_found_dead(&self) -> Option<u64> {
        match self.status {
            MessageStatus::Interrupted => self.last_position.checked_sub(INTERRUPTION_GAP),
            _ => None,
        }
    }
}

/// Brings a run back that was found dead wrongly; answers the position of the end that leaves the log.
fn revive(run: &mut Run) -> Option<u64> {
    let logged = run.position_when_found_dead()?;
    if run.log_cleared {
        return None;
    }
    let end = run.last_position;
    run.last_position = logged;
    run.status = MessageStatus::Running;
    run.end = None;
    run.ended_at = None;
    Some(end)
}

/// The events that are not stored yet, up to the end.
fn new_events(last_position: u64, events: Vec<LoggedEvent>) -> Vec<LoggedEvent> {
    let mut new: Vec<LoggedEvent> = events
        .into_iter()
        .skip_while(|logged| logged.position <= last_position)
        .collect();
    let end = new
        .iter()
        .position(|logged| matches!(logged.event, RunEvent::Ended(_)));
    if let Some(end) = end {
        new.truncate(end + 1);
    }
    new
}

/// Whether the events follow the position and one another.
fn follows(last_position: u64, events: &[LoggedEvent]) -> bool {
    (last_position + 1..)
        .zip(events)
        .all(|(position, logged)| logged.position == position)
}

fn take(plan: &mut ProgressPlan, events: Vec<LoggedEvent>, now: Timestamp) {
    let run = &mut plan.run;
    for logged in &events {
        run.last_position = logged.position;
        match &logged.event {
            RunEvent::Started { provider, model } if run.provider.is_none() => {
                run.provider = Some(provider.clone());
                run.model = Some(model.clone());
            }
            RunEvent::Started { .. } | RunEvent::Retained(_) | RunEvent::Completion(_) => {}
            RunEvent::Ended(end) => {
                run.status = end.status;
                run.end = Some(end.clone());
                run.ended_at = Some(now);
                plan.is_turned = true;
            }
        }
    }
    plan.events = events;
}

/// What a run that ended still takes: its whole answer, for a message that is not there yet.
fn late_answer(run: &Run, answer: Option<AnswerSnapshot>) -> AnswerWish {
    match answer {
        Some(answer) if answer.position == run.last_position => AnswerWish::InsertOnly(answer),
        _ => AnswerWish::Nothing,
    }
}
