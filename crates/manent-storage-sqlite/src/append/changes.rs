//! Applying changes to what is stored.

use manent_domain::append::{ChangeKind, NewChange, NewItem, PlannedChange, Submission};
use manent_types::{MessageId, Part, Timestamp, text_of};
use rusqlite::{OptionalExtension, params};

use super::facts::ConversationRows;
use super::prepared::PreparedBatch;
use super::write::row_of;
use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::rows::unreadable;
use crate::users::Owner;
use crate::writer::Unit;

/// Applies a change and remembers it.
pub(super) fn apply(
    unit: &mut Unit<'_>,
    owner: Owner,
    conversations: &ConversationRows,
    batch: &PreparedBatch,
    planned: PlannedChange,
    is_told: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let misplaced = Error::Unfit {
        what: "a plan that names an item without a change",
    };
    let Some(submission) = batch.submissions.get(planned.item) else {
        return Err(misplaced);
    };
    let Ok(NewItem::Change(change)) = &submission.body else {
        return Err(misplaced);
    };
    let message = match change.kind.message() {
        Some(id) => Some(find(unit, owner, id)?),
        None => None,
    };
    let mut content_before = None;
    match (&change.kind, &message) {
        (ChangeKind::Edit { .. }, Some(message)) => {
            let Some(Some(texts)) = batch.texts.get(planned.item) else {
                return Err(misplaced);
            };
            unit.connection
                .prepare_cached("UPDATE messages SET content = ?2, edited_at = ?3 WHERE pk = ?1")?
                .execute(params![message.pk, texts.content, now.as_millisecond()])?;
            if !message.is_deleted {
                let index = &mut *unit.index;
                index.remove_message(message.pk, owner.pk, message.words()?);
                index.add_message(message.pk, owner.pk, texts.words.clone());
            }
            content_before = Some(message.content.as_str());
        }
        (ChangeKind::Delete { .. }, Some(message)) if !message.is_deleted => {
            set_deleted(unit, message.pk, Some(now))?;
            let words = message.words()?;
            unit.index.remove_message(message.pk, owner.pk, words);
        }
        (ChangeKind::Undelete { .. }, Some(message)) if message.is_deleted => {
            set_deleted(unit, message.pk, None)?;
            let words = message.words()?;
            unit.index.add_message(message.pk, owner.pk, words);
        }
        // It is so already, or a change of the conversation, which is written with it.
        _ => {}
    }
    let conversation_pk = row_of(conversations, submission.conversation)?;
    remember(
        unit,
        owner,
        conversation_pk,
        submission,
        change,
        planned,
        content_before,
        now,
    )?;
    if let Some(message) = message.as_ref().filter(|_| is_told) {
        unit.changed(owner, SubjectTable::Messages, message.pk, now);
    }
    Ok(())
}

/// A message before a change. None that a run is writing: such changes are refused.
struct Target {
    pk: i64,
    content: String,
    is_deleted: bool,
}

impl Target {
    /// The words that the search knows of it.
    fn words(&self) -> Result<String, Error> {
        let parts: Vec<Part> =
            serde_json::from_str(&self.content).map_err(|_| unreadable("messages.content"))?;
        Ok(text_of(&parts))
    }
}

fn find(unit: &Unit<'_>, owner: Owner, id: MessageId) -> Result<Target, Error> {
    unit.connection
        .prepare_cached(
            "SELECT pk, content, deleted_at IS NOT NULL FROM messages WHERE owner_pk = ?1 AND id = ?2",
        )?
        .query_row(params![owner.pk, id.to_string()], |row| {
            Ok(Target {
                pk: row.get(0)?,
                content: row.get(1)?,
                is_deleted: row.get(2)?,
            })
        })
        .optional()?
        .ok_or(Error::Unfit {
            what: "a plan that changes an unknown message",
        })
}

fn set_deleted(unit: &Unit<'_>, pk: i64, at: Option<Timestamp>) -> Result<(), Error> {
    unit.connection
        .prepare_cached("UPDATE messages SET deleted_at = ?2 WHERE pk = ?1")?
        .execute(params![pk, at.map(Timestamp::as_millisecond)])?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
fn remember(
    unit: &Unit<'_>,
    owner: Owner,
    conversation_pk: i64,
    submission: &Submission,
    change: &NewChange,
    planned: PlannedChange,
    content_before: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let lane = submission.lane.as_ref();
    unit.connection
        .prepare_cached(
            "INSERT INTO changes (owner_pk, id, conversation_pk, kind, message_id, content_before, fingerprint, seq, device_id, \
             device_seq, applied_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            owner.pk,
            change.id.to_string(),
            conversation_pk,
            change.kind.name(),
            change.kind.message().map(|id| id.to_string()),
            content_before,
            change.fingerprint.0,
            to_integer(planned.seq, "a message's place")?,
            lane.map(|lane| lane.device.as_str()),
            lane.map(|lane| to_integer(lane.device_seq, "the lane's number"))
                .transpose()?,
            now.as_millisecond(),
        ])?;
    Ok(())
}
