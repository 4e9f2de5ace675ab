//! From records to rows. What is there under the same key is replaced, and the search follows.

mod conversation;
mod message;
mod references;

use manent_domain::feed::Subject;
use manent_domain::transfer::TransferRecord;
use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, params};

use crate::append::kind_and_code;
use crate::documents;
use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::runs;
use crate::users::Owner;
use crate::writer::Unit;
use references::{conversation_row, find_row, owner_of, run_row};

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
            conversation::write(unit, owner, conversation)
        }
        TransferRecord::Message {
            owner,
            message,
            fingerprint,
            lane,
        } => {
            let owner = owner_of(unit, *owner)?;
            message::write(unit, owner, message, *fingerprint, lane.as_ref())
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
        TransferRecord::Document { owner, document } => {
            let owner = owner_of(unit, *owner)?;
            documents::write(unit.connection, owner.pk, document)
        }
        // Imported elsewhere.
        TransferRecord::AccountRow { .. } => Ok(()),
    }
}

fn user(
    connection: &Connection,
    id: UserId,
    created_at: Timestamp,
    feed_seq: u64,
) -> Result<(), Error> {
    // Never back: the next change would get a number that another one has.
    connection
        .prepare_cached(
            "INSERT INTO users (id, created_at, feed_seq) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, feed_seq = MAX(feed_seq, excluded.feed_seq)",
        )?
        .execute(params![
            id.to_string(),
            created_at.as_millisecond(),
            to_integer(feed_seq, "a feed's number")?,
        ])?;
    Ok(())
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
