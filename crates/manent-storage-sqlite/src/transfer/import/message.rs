//! Messages.

use manent_domain::append::LanePosition;
use manent_domain::message::{Fingerprint, Message};
use manent_types::{MessageStatus, Part, Timestamp, text_of};
use rusqlite::{Connection, OptionalExtension, params};

use super::references::conversation_row;
use crate::error::{Error, to_integer};
use crate::rows::unreadable;
use crate::users::Owner;
use crate::writer::Unit;

pub(super) fn write(
    unit: &mut Unit<'_>,
    owner: Owner,
    message: &Message,
    fingerprint: Fingerprint,
    lane: Option<&LanePosition>,
) -> Result<(), Error> {
    let unwritable = |_| Error::Unfit {
        what: "the content of a message",
    };
    let content = serde_json::to_string(&message.content).map_err(unwritable)?;
    let usage = message.usage.as_ref().map(serde_json::to_string);
    let usage = usage.transpose().map_err(unwritable)?;
    let conversation_pk = conversation_row(unit.connection, owner, message.conversation)?;
    let old = indexed_words(unit.connection, owner, message)?;
    let pk = unit
        .connection
        .prepare_cached(
            "INSERT INTO messages (owner_pk, conversation_pk, id, parent_id, seq, role, content, status, model, provider, usage, \
             fingerprint, device_id, device_seq, created_at, stored_at, run_id, edited_at, deleted_at, extras) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET conversation_pk = excluded.conversation_pk, parent_id = excluded.parent_id, \
             seq = excluded.seq, role = excluded.role, content = excluded.content, status = excluded.status, \
             model = excluded.model, provider = excluded.provider, usage = excluded.usage, fingerprint = excluded.fingerprint, \
             device_id = excluded.device_id, device_seq = excluded.device_seq, created_at = excluded.created_at, \
             stored_at = excluded.stored_at, run_id = excluded.run_id, run_position = NULL, edited_at = excluded.edited_at, \
             deleted_at = excluded.deleted_at, extras = excluded.extras RETURNING pk",
        )?
        .query_row(
            params![
                owner.pk,
                conversation_pk,
                message.id.to_string(),
                message.parent.map(|parent| parent.to_string()),
                to_integer(message.seq, "a message's place")?,
                message.role.as_str(),
                content,
                message.status.as_str(),
                message.model,
                message.provider,
                usage,
                fingerprint.0,
                lane.map(|lane| lane.device.as_str()),
                lane.map(|lane| to_integer(lane.device_seq, "the lane's number"))
                    .transpose()?,
                message.created_at.as_millisecond(),
                message.stored_at.as_millisecond(),
                message.run.map(|run| run.to_string()),
                message.edited_at.map(Timestamp::as_millisecond),
                message.deleted_at.map(Timestamp::as_millisecond),
                message.extras.to_stored(),
            ],
            |row| row.get(0),
        )?;
    if let Some(old) = old {
        unit.index.remove_message(pk, owner.pk, old);
    }
    let is_being_written = message.run.is_some() && message.status == MessageStatus::Running;
    if message.deleted_at.is_none() && !is_being_written {
        let words = text_of(&message.content);
        unit.index.add_message(pk, owner.pk, words);
    }
    *unit.messages += 1;
    Ok(())
}

/// The words with which the message is in the search, if it is.
fn indexed_words(
    connection: &Connection,
    owner: Owner,
    message: &Message,
) -> Result<Option<String>, Error> {
    let content: Option<String> = connection
        .prepare_cached(
            "SELECT content FROM messages WHERE owner_pk = ?1 AND id = ?2 AND deleted_at IS NULL \
             AND (run_id IS NULL OR status <> 'running')",
        )?
        .query_row(params![owner.pk, message.id.to_string()], |row| row.get(0))
        .optional()?;
    let Some(content) = content else {
        return Ok(None);
    };
    let parts: Vec<Part> =
        serde_json::from_str(&content).map_err(|_| unreadable("messages.content"))?;
    Ok(Some(text_of(&parts)))
}
