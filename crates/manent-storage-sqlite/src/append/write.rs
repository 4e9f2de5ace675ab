//! Writing a plan.

use manent_domain::append::{
    AppendPlan, ConversationTouch, LaneAdvance, NewRefusal, PlannedMessage,
};
use manent_types::{ConversationId, Timestamp};
use rusqlite::{Connection, params};

use super::facts::{ConversationRows, kind_and_code};
use super::prepared::PreparedBatch;
use crate::error::{Error, to_integer};
use crate::writer::Unit;

pub(super) fn write(
    unit: &mut Unit<'_>,
    owner_pk: i64,
    conversations: &ConversationRows,
    batch: &PreparedBatch,
    plan: &AppendPlan,
    now: Timestamp,
) -> Result<(), Error> {
    for planned in &plan.messages {
        insert(unit, owner_pk, conversations, batch, planned, now)?;
    }
    for touch in &plan.touches {
        let pk = row_of(conversations, touch.id)?;
        touch_conversation(unit, owner_pk, pk, touch, now)?;
    }
    for lane in &plan.lanes {
        move_lane(unit.connection, owner_pk, lane)?;
    }
    for refusal in &plan.refusals {
        remember(unit.connection, owner_pk, refusal)?;
    }
    *unit.messages += plan.messages.len();
    Ok(())
}

fn insert(
    unit: &mut Unit<'_>,
    owner_pk: i64,
    conversations: &ConversationRows,
    batch: &PreparedBatch,
    planned: &PlannedMessage,
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
             fingerprint, device_id, device_seq, created_at, stored_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .insert(params![
            owner_pk,
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
        ])?;
    unit.index.add_message(pk, owner_pk, texts.words.clone());
    Ok(())
}

fn touch_conversation(
    unit: &mut Unit<'_>,
    owner_pk: i64,
    pk: i64,
    touch: &ConversationTouch,
    now: Timestamp,
) -> Result<(), Error> {
    unit.connection
        .prepare_cached(
            "UPDATE conversations SET last_seq = ?2, updated_at = MAX(updated_at, ?3), \
             last_message_at = MAX(last_message_at, ?3) WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            to_integer(touch.last_seq, "a conversation's length")?,
            now.as_millisecond(),
        ])?;
    if let Some(title) = &touch.cut_title {
        unit.connection
            .prepare_cached(
                "UPDATE conversations SET title = ?2, title_source = 'cut' WHERE pk = ?1",
            )?
            .execute(params![pk, title])?;
        // Only a conversation without a title gets a cut.
        unit.index
            .change_title(pk, owner_pk, None, Some(title.clone()));
    }
    if touch.trash == Some(false) {
        unit.connection
            .prepare_cached("UPDATE conversations SET trashed_at = NULL WHERE pk = ?1")?
            .execute([pk])?;
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

fn row_of(conversations: &ConversationRows, id: ConversationId) -> Result<i64, Error> {
    conversations.get(&id).copied().ok_or(Error::Unfit {
        what: "a plan that names an unknown conversation",
    })
}
