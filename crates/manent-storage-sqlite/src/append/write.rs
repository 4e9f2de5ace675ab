//! Writing a plan.

use manent_domain::append::{
    AppendPlan, ConversationTouch, LaneAdvance, NewRefusal, PlannedMessage,
};
use manent_types::{ConversationId, MessageStatus, Timestamp};
use rusqlite::{Connection, params};

use super::changes;
use super::facts::{ConversationRows, kind_and_code};
use super::prepared::PreparedBatch;
use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::users::Owner;
use crate::writer::Unit;

pub(crate) fn write(
    unit: &mut Unit<'_>,
    owner: Owner,
    conversations: &ConversationRows,
    batch: &PreparedBatch,
    plan: &AppendPlan,
    now: Timestamp,
) -> Result<(), Error> {
    for planned in &plan.messages {
        let is_told = is_told(plan, batch, planned.item);
        insert(unit, owner, conversations, batch, planned, is_told, now)?;
    }
    for planned in &plan.changes {
        let is_told = is_told(plan, batch, planned.item);
        changes::apply(unit, owner, conversations, batch, *planned, is_told, now)?;
    }
    for touch in &plan.touches {
        let pk = row_of(conversations, touch.id)?;
        touch_conversation(unit, owner, pk, touch, now)?;
    }
    for lane in &plan.lanes {
        move_lane(unit.connection, owner.pk, lane)?;
    }
    for refusal in &plan.refusals {
        remember(unit.connection, owner.pk, refusal)?;
    }
    *unit.messages += plan.messages.len();
    Ok(())
}

/// Whether what an item changed stands in the feed: not in a temporary conversation.
fn is_told(plan: &AppendPlan, batch: &PreparedBatch, item: usize) -> bool {
    let submission = batch.submissions.get(item);
    submission.is_some_and(|submission| !plan.is_temporary(submission.conversation))
}

fn insert(
    unit: &mut Unit<'_>,
    owner: Owner,
    conversations: &ConversationRows,
    batch: &PreparedBatch,
    planned: &PlannedMessage,
    is_told: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let misplaced = Error::Unfit {
        what: "a plan that names an item without a message",
    };
    let (Some(submission), Some(Some(texts))) = (
        batch.submissions.get(planned.item),
        batch.texts.get(planned.item),
    ) else {
        return Err(misplaced);
    };
    let Some(message) = submission.message() else {
        return Err(misplaced);
    };
    let lane = submission.lane.as_ref();
    let pk = unit
        .connection
        .prepare_cached(
            "INSERT INTO messages (owner_pk, conversation_pk, id, parent_id, seq, role, content, status, model, provider, usage, \
             fingerprint, device_id, device_seq, created_at, stored_at, run_id, run_position, extras) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .insert(params![
            owner.pk,
            row_of(conversations, submission.conversation)?,
            message.id.to_string(),
            planned.parent.map(|parent| parent.to_string()),
            to_integer(planned.seq, "a message's place")?,
            message.role.as_str(),
            texts.content,
            message.status.as_str(),
            message.model,
            message.provider,
            texts.usage,
            message.fingerprint.0,
            lane.map(|lane| lane.device.as_str()),
            lane.map(|lane| to_integer(lane.device_seq, "the lane's number")).transpose()?,
            message.created_at.unwrap_or(now).as_millisecond(),
            now.as_millisecond(),
            batch.run.map(|(run, _)| run.to_string()),
            batch
                .run
                .map(|(_, position)| to_integer(position, "a run's position"))
                .transpose()?,
            texts.extras,
        ])?;
    // An answer that is being written is in the search once it is at its end.
    if batch.run.is_none() || message.status != MessageStatus::Running {
        unit.index.add_message(pk, owner.pk, texts.words.clone());
    }
    if is_told {
        unit.changed(owner, SubjectTable::Messages, pk, now);
    }
    Ok(())
}

fn touch_conversation(
    unit: &mut Unit<'_>,
    owner: Owner,
    pk: i64,
    touch: &ConversationTouch,
    now: Timestamp,
) -> Result<(), Error> {
    unit.connection
        .prepare_cached(
            "UPDATE conversations SET last_seq = ?2, updated_at = MAX(updated_at, ?3), \
             last_message_at = MAX(last_message_at, ?4) WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            to_integer(touch.last_seq, "a conversation's length")?,
            now.as_millisecond(),
            if touch.has_messages {
                now.as_millisecond()
            } else {
                0
            },
        ])?;
    if let Some(title) = &touch.cut_title {
        unit.connection
            .prepare_cached(
                "UPDATE conversations SET title = ?2, title_source = 'cut' WHERE pk = ?1",
            )?
            .execute(params![pk, title])?;
        // Only a conversation without a title gets a cut.
        unit.index
            .change_title(pk, owner.pk, None, Some(title.clone()));
    }
    match touch.trash {
        Some(true) => {
            unit.connection
                .prepare_cached(
                    "UPDATE conversations SET trashed_at = COALESCE(trashed_at, ?2) WHERE pk = ?1",
                )?
                .execute(params![pk, now.as_millisecond()])?;
        }
        Some(false) => {
            unit.connection
                .prepare_cached("UPDATE conversations SET trashed_at = NULL WHERE pk = ?1")?
                .execute([pk])?;
        }
        None => {}
    }
    if !touch.is_temporary {
        unit.changed(owner, SubjectTable::Conversations, pk, now);
    }
    Ok(())
}

fn move_lane(connection: &Connection, owner_pk: i64, lane: &LaneAdvance) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO lanes (owner_pk, conversation_id, device_id, device_seq) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (owner_pk, conversation_id, device_id) DO UPDATE SET device_seq = excluded.device_seq",
        )?
        .execute(params![
            owner_pk,
            lane.conversation.to_string(),
            lane.device.as_str(),
            to_integer(lane.device_seq, "the lane's number")?,
        ])?;
    Ok(())
}

fn remember(connection: &Connection, owner_pk: i64, refusal: &NewRefusal) -> Result<(), Error> {
    let (kind, code) = kind_and_code(refusal.facts.refused_as);
    connection
        .prepare_cached(
            "INSERT INTO lane_refusals (owner_pk, conversation_id, device_id, device_seq, message_id, kind, code) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            owner_pk,
            refusal.conversation.to_string(),
            refusal.position.device.as_str(),
            to_integer(refusal.position.device_seq, "the lane's number")?,
            refusal.facts.id.map(|id| id.to_string()),
            kind,
            code,
        ])?;
    Ok(())
}

pub(super) fn row_of(conversations: &ConversationRows, id: ConversationId) -> Result<i64, Error> {
    conversations.get(&id).copied().ok_or(Error::Unfit {
        what: "a plan that names an unknown conversation",
    })
}
