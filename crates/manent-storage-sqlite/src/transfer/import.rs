//! From records to rows. What is there under the same key is replaced, and the search follows.

use manent_domain::append::LanePosition;
use manent_domain::conversation::Conversation;
use manent_domain::feed::Subject;
use manent_domain::message::{Fingerprint, Message};
use manent_domain::transfer::TransferRecord;
use manent_types::{ConversationId, MessageStatus, Part, RunId, Timestamp, UserId, text_of};
use rusqlite::{Connection, OptionalExtension, params};

use crate::append::kind_and_code;
use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::rows::unreadable;
use crate::runs;
use crate::users::Owner;
use crate::writer::Unit;

/// Writes the records, in order.
pub(crate) fn import(unit: &mut Unit<'_>, records: &[TransferRecord]) -> Result<(), Error> {
    unit.forget_feeds();
    for record in records {
        write(unit, record)?;
    }
    Ok(())
}

fn write(unit: &mut Unit<'_>, record: &TransferRecord) -> Result<(), Error> {
    match record {
        TransferRecord::User {
            id,
            created_at,
            feed_seq,
        } => user(unit.connection, *id, *created_at, *feed_seq),
        TransferRecord::Conversation {
            owner,
            conversation,
        } => {
            let owner = owner_of(unit, *owner)?;
            write_conversation(unit, owner, conversation)
        }
        TransferRecord::Message {
            owner,
            message,
            fingerprint,
            lane,
        } => {
            let owner = owner_of(unit, *owner)?;
            write_message(unit, owner, message, *fingerprint, lane.as_ref())
        }
        TransferRecord::Lane {
            owner,
            conversation,
            device,
            device_seq,
        } => {
            let owner = owner_of(unit, *owner)?;
            unit.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO lanes (owner_pk, conversation_id, device_id, device_seq) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    owner.pk,
                    conversation.to_string(),
                    device.as_str(),
                    to_integer(*device_seq, "the lane's number")?,
                ])?;
            Ok(())
        }
        TransferRecord::Refusal {
            owner,
            conversation,
            position,
            facts,
        } => {
            let owner = owner_of(unit, *owner)?;
            let (kind, code) = kind_and_code(facts.refused_as);
            unit.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO lane_refusals (owner_pk, conversation_id, device_id, device_seq, message_id, kind, code) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    owner.pk,
                    conversation.to_string(),
                    position.device.as_str(),
                    to_integer(position.device_seq, "the lane's number")?,
                    facts.id.map(|id| id.to_string()),
                    kind,
                    code,
                ])?;
            Ok(())
        }
        TransferRecord::Change { .. } => write_change(unit, record),
        TransferRecord::Run { owner, run } => {
            let owner = owner_of(unit, *owner)?;
            runs::insert(unit.connection, owner.pk, run)?;
            Ok(())
        }
        TransferRecord::RunEvents {
            owner,
            run,
            first,
            last,
            events,
        } => {
            let owner = owner_of(unit, *owner)?;
            let pk = run_row(unit.connection, owner, *run)?;
            runs::import_batch(unit.connection, pk, (*first, *last), events)
        }
        TransferRecord::Feed {
            owner,
            seq,
            at,
            subject,
        } => {
            let owner = owner_of(unit, *owner)?;
            write_feed(unit.connection, owner, *seq, *at, *subject)
        }
    }
}

fn user(
    connection: &Connection,
    id: UserId,
    created_at: Timestamp,
    feed_seq: u64,
) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO users (id, created_at, feed_seq) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, feed_seq = excluded.feed_seq",
        )?
        .execute(params![
            id.to_string(),
            created_at.as_millisecond(),
            to_integer(feed_seq, "a feed's number")?,
        ])?;
    Ok(())
}

fn write_conversation(
    unit: &mut Unit<'_>,
    owner: Owner,
    conversation: &Conversation,
) -> Result<(), Error> {
    let config = serde_json::to_string(&conversation.config).map_err(|_| Error::Unfit {
        what: "the settings of a conversation",
    })?;
    let old: Option<String> = unit
        .connection
        .prepare_cached("SELECT title FROM conversations WHERE owner_pk = ?1 AND id = ?2")?
        .query_row(params![owner.pk, conversation.id.to_string()], |row| {
            row.get(0)
        })
        .optional()?
        .flatten();
    let pk = unit
        .connection
        .prepare_cached(
            "INSERT INTO conversations (owner_pk, id, title, title_source, config, archived, pinned, trashed_at, last_seq, \
             created_at, updated_at, last_message_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET title = excluded.title, title_source = excluded.title_source, \
             config = excluded.config, archived = excluded.archived, pinned = excluded.pinned, trashed_at = excluded.trashed_at, \
             last_seq = excluded.last_seq, created_at = excluded.created_at, updated_at = excluded.updated_at, \
             last_message_at = excluded.last_message_at RETURNING pk",
        )?
        .query_row(
            params![
                owner.pk,
                conversation.id.to_string(),
                conversation.title,
                conversation.title_source.as_str(),
                config,
                conversation.archived,
                conversation.pinned,
                conversation.trashed_at.map(Timestamp::as_millisecond),
                to_integer(conversation.last_seq, "a conversation's length")?,
                conversation.created_at.as_millisecond(),
                conversation.updated_at.as_millisecond(),
                conversation.last_message_at.as_millisecond(),
            ],
            |row| row.get(0),
        )?;
    unit.index
        .change_title(pk, owner.pk, old, conversation.title.clone());
    Ok(())
}

fn write_message(
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
             fingerprint, device_id, device_seq, created_at, stored_at, run_id, edited_at, deleted_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET conversation_pk = excluded.conversation_pk, parent_id = excluded.parent_id, \
             seq = excluded.seq, role = excluded.role, content = excluded.content, status = excluded.status, \
             model = excluded.model, provider = excluded.provider, usage = excluded.usage, fingerprint = excluded.fingerprint, \
             device_id = excluded.device_id, device_seq = excluded.device_seq, created_at = excluded.created_at, \
             stored_at = excluded.stored_at, run_id = excluded.run_id, run_position = NULL, edited_at = excluded.edited_at, \
             deleted_at = excluded.deleted_at RETURNING pk",
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

fn write_change(unit: &mut Unit<'_>, record: &TransferRecord) -> Result<(), Error> {
    let TransferRecord::Change {
        owner,
        id,
        conversation,
        kind,
        message,
        before,
        fingerprint,
        seq,
        lane,
        applied_at,
    } = record
    else {
        return Ok(());
    };
    let owner = owner_of(unit, *owner)?;
    unit.connection
        .prepare_cached(
            "INSERT INTO changes (owner_pk, id, conversation_pk, kind, message_id, content_before, fingerprint, seq, device_id, \
             device_seq, applied_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET conversation_pk = excluded.conversation_pk, kind = excluded.kind, \
             message_id = excluded.message_id, content_before = excluded.content_before, fingerprint = excluded.fingerprint, \
             seq = excluded.seq, device_id = excluded.device_id, device_seq = excluded.device_seq, \
             applied_at = excluded.applied_at",
        )?
        .execute(params![
            owner.pk,
            id.to_string(),
            conversation_row(unit.connection, owner, *conversation)?,
            kind,
            message.map(|message| message.to_string()),
            before,
            fingerprint.0,
            to_integer(*seq, "a message's place")?,
            lane.as_ref().map(|lane| lane.device.as_str()),
            lane.as_ref()
                .map(|lane| to_integer(lane.device_seq, "the lane's number"))
                .transpose()?,
            applied_at.as_millisecond(),
        ])?;
    Ok(())
}

fn write_feed(
    connection: &Connection,
    owner: Owner,
    seq: u64,
    at: Timestamp,
    subject: Subject,
) -> Result<(), Error> {
    let (table, pk) = match subject {
        Subject::Conversation(id) => (
            SubjectTable::Conversations,
            conversation_row(connection, owner, id)?,
        ),
        Subject::Message(id) => (
            SubjectTable::Messages,
            find_row(
                connection,
                "SELECT pk FROM messages WHERE owner_pk = ?1 AND id = ?2",
                owner,
                &id.to_string(),
                "a record whose message is not there",
            )?,
        ),
        Subject::Run(id) => (SubjectTable::Runs, run_row(connection, owner, id)?),
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO feed (owner_pk, seq, at, kind, subject_pk) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            owner.pk,
            to_integer(seq, "a feed's number")?,
            at.as_millisecond(),
            table.kind(),
            pk,
        ])?;
    Ok(())
}

fn owner_of(unit: &mut Unit<'_>, id: UserId) -> Result<Owner, Error> {
    unit.known_owner(id)?.ok_or(Error::Unfit {
        what: "a record whose owner is not there",
    })
}

fn conversation_row(
    connection: &Connection,
    owner: Owner,
    id: ConversationId,
) -> Result<i64, Error> {
    find_row(
        connection,
        "SELECT pk FROM conversations WHERE owner_pk = ?1 AND id = ?2",
        owner,
        &id.to_string(),
        "a record whose conversation is not there",
    )
}

fn run_row(connection: &Connection, owner: Owner, id: RunId) -> Result<i64, Error> {
    find_row(
        connection,
        "SELECT pk FROM runs WHERE owner_pk = ?1 AND id = ?2",
        owner,
        &id.to_string(),
        "a record whose run is not there",
    )
}

fn find_row(
    connection: &Connection,
    sql: &str,
    owner: Owner,
    id: &str,
    missing: &'static str,
) -> Result<i64, Error> {
    connection
        .prepare_cached(sql)?
        .query_row(params![owner.pk, id], |row| row.get(0))
        .optional()?
        .ok_or(Error::Unfit { what: missing })
}
