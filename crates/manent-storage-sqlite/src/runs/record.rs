//! Progress of runs, many at once. The hottest path beside appends: what can be written as JSON beforehand is.

use manent_domain::ports::StoreError;
use manent_domain::run::{
    ProgressPlan, Run, RunProgress, RunStanding, encode_events, plan_answer, plan_progress,
};
use manent_types::{NodeId, Timestamp};
use rusqlite::Connection;

use super::row::StoredRun;
use super::{answer, log, row};
use crate::append::{PreparedTexts, SqliteFacts};
use crate::conversations;
use crate::error::Error;
use crate::feed_entries::SubjectTable;
use crate::users::Owner;
use crate::writer::Unit;

/// A piece of progress with its rows' texts.
pub(crate) struct PreparedProgress {
    progress: RunProgress,
    /// All of its events, as they are written when all of them are new.
    events: String,
    answer: Option<PreparedTexts>,
}

impl PreparedProgress {
    pub(crate) fn new(progress: RunProgress) -> Result<Self, StoreError> {
        let unwritable = |error: &dyn std::error::Error| StoreError::Internal {
            detail: format!("the progress of a run could not be written as JSON: {error}"),
        };
        let events = encode_events(&progress.events).map_err(|error| unwritable(&error))?;
        let answer = progress
            .answer
            .as_ref()
            .map(|answer| PreparedTexts::of(&answer.content, answer.usage.as_ref()))
            .transpose()
            .map_err(|error| unwritable(&error))?;
        Ok(Self {
            progress,
            events,
            answer,
        })
    }

    /// About how many bytes it writes.
    pub(crate) fn bytes(&self) -> usize {
        256 + self.events.len() + self.answer.as_ref().map_or(0, PreparedTexts::bytes)
    }
}

/// Stores the progress of runs of the node; one answer for each.
pub(crate) fn record(
    unit: &mut Unit<'_>,
    node: NodeId,
    batch: &[PreparedProgress],
    now: Timestamp,
) -> Result<Vec<Option<RunStanding>>, Error> {
    batch
        .iter()
        .map(|prepared| record_one(unit, node, prepared, now))
        .collect()
}

fn record_one(
    unit: &mut Unit<'_>,
    node: NodeId,
    prepared: &PreparedProgress,
    now: Timestamp,
) -> Result<Option<RunStanding>, Error> {
    let progress = &prepared.progress;
    let Some(owner) = unit.known_owner(progress.owner)? else {
        return Ok(None);
    };
    let Some(stored) = row::find(unit.connection, owner.pk, progress.run)? else {
        return Ok(None);
    };
    let Some(plan) = plan_progress(&stored.run, node, progress.clone(), now) else {
        return Ok(None);
    };
    let events = (plan.events.len() == progress.events.len()).then_some(prepared.events.as_str());
    let texts = Texts {
        events,
        answer: prepared.answer.as_ref(),
    };
    write(unit, owner, &stored, &plan, texts, now).map(Some)
}

/// Whether a run stands in the feed: not one whose answer goes into a temporary conversation.
fn is_told(connection: &Connection, owner_pk: i64, run: &Run) -> Result<bool, Error> {
    let Some(target) = run.record else {
        return Ok(true);
    };
    Ok(!conversations::is_temporary(
        connection,
        owner_pk,
        target.conversation,
    )?)
}

/// Texts that were made ready, as far as they were.
#[derive(Clone, Copy, Default)]
pub(super) struct Texts<'prepared> {
    /// The planned events.
    pub(super) events: Option<&'prepared str>,
    /// The wished answer.
    pub(super) answer: Option<&'prepared PreparedTexts>,
}

/// Writes what was decided about a run.
pub(super) fn write(
    unit: &mut Unit<'_>,
    owner: Owner,
    stored: &StoredRun,
    plan: &ProgressPlan,
    texts: Texts<'_>,
    now: Timestamp,
) -> Result<RunStanding, Error> {
    let connection = unit.connection;
    let mut newest_batch = stored.newest_batch;
    if plan.removed_end.is_some()
        && let Some(end) = newest_batch
    {
        newest_batch = log::take_newest(connection, end)?;
    }
    if let (Some(first), Some(last)) = (plan.events.first(), plan.events.last()) {
        let encoded = match texts.events {
            Some(_) => String::new(),
            None => encode_events(&plan.events).map_err(|_| Error::Unfit {
                what: "an event of a run",
            })?,
        };
        let events = texts.events.unwrap_or(&encoded);
        let positions = (first.position, last.position);
        let added = log::add(connection, stored.pk, newest_batch, positions, events)?;
        newest_batch = Some(added);
    }
    let run = &plan.run;
    if *run != stored.run {
        row::update(connection, stored, run, newest_batch)?;
    }
    let existing = answer::find(connection, owner.pk, run)?;
    let mut facts = SqliteFacts::new(connection, owner.pk, now);
    let facts_of_existing = existing.as_ref().map(|existing| existing.facts);
    let answer = plan_answer(&mut facts, plan, facts_of_existing)?;
    let conversations = facts.into_conversations();
    answer::write(
        unit,
        owner,
        plan,
        &answer.write,
        existing.as_ref(),
        &conversations,
        texts.answer,
        now,
    )?;
    if plan.is_turned && is_told(connection, owner.pk, run)? {
        unit.changed(owner, SubjectTable::Runs, stored.pk, now);
    }
    if plan.is_turned || !plan.events.is_empty() {
        unit.went_on(owner.id, run.id);
    }
    Ok(plan.standing(&answer))
}
