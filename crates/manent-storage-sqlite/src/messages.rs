//! Reading messages.

use manent_domain::conversation::{Bound, Page, Patched};
use manent_domain::message::{Message, MessageRange};
use manent_types::{ConversationId, ExtrasPatch, MessageId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::conversations;
use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::rows::{self, CONVERSATION_OF_MESSAGE, MESSAGE_COLUMNS};
use crate::writer::Unit;

/// One message, deleted or not.
pub(crate) fn find(
    connection: &Connection,
    owner: UserId,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Message>, Error> {
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS}, {CONVERSATION_OF_MESSAGE} FROM messages \
         WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2 AND COALESCE((SELECT conversations.expires_at \
         FROM conversations WHERE conversations.pk = messages.conversation_pk) > ?3, 1)"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let now = now.as_millisecond();
    let mut found = statement.query(params![owner.to_string(), id.to_string(), now])?;
    found.next()?.map(rows::message_of_any).transpose()
}

/// The message in this row.
pub(crate) fn find_by_row(connection: &Connection, pk: i64) -> Result<Option<Message>, Error> {
    let sql =
        format!("SELECT {MESSAGE_COLUMNS}, {CONVERSATION_OF_MESSAGE} FROM messages WHERE pk = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([pk])?;
    found.next()?.map(rows::message_of_any).transpose()
}

/// A page of a conversation's messages, ascending in `seq`; `None` when the owner has no such conversation.
pub(crate) fn list(
    connection: &Connection,
    owner: UserId,
    conversation: ConversationId,
    range: MessageRange,
    limit: usize,
    now: Timestamp,
) -> Result<Option<Page<Message, MessageRange>>, Error> {
    let conversation_pk: Option<i64> = connection
        .prepare_cached(
            "SELECT pk FROM conversations WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2 \
             AND (expires_at IS NULL OR expires_at > ?3)",
        )?
        .query_row(
            params![
                owner.to_string(),
                conversation.to_string(),
                now.as_millisecond()
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(conversation_pk) = conversation_pk else {
        return Ok(None);
    };
    let (condition, order, bound) = match range {
        MessageRange::After(seq) => ("seq > ?2", "ASC", seq),
        MessageRange::Before(seq) => ("seq < ?2", "DESC", seq.unwrap_or(u64::MAX)),
    };
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages WHERE conversation_pk = ?1 AND {condition} ORDER BY seq {order} LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        conversation_pk,
        // No place lies beyond what the column can hold.
        i64::try_from(bound).unwrap_or(i64::MAX),
        to_integer(limit as u64 + 1, "the limit")?,
    ])?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::message(row, conversation)?);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more).map(|last| last.seq);
    let next = match range {
        MessageRange::After(_) => last.map(MessageRange::After),
        MessageRange::Before(_) => {
            items.reverse();
            last.map(|seq| MessageRange::Before(Some(seq)))
        }
    };
    Ok(Some(Page { items, next }))
}

/// Merges a patch into what a surface keeps with a message.
pub(crate) fn annotate(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: MessageId,
    patch: &ExtrasPatch,
    now: Timestamp,
) -> Result<Patched<Message>, Error> {
    let Some(mut message) = find(unit.connection, owner, id, now)? else {
        return Ok(Patched::Missing);
    };
    let Ok(extras) = message.extras.merge(patch) else {
        return Ok(Patched::Refused(Bound::Extras));
    };
    message.extras = extras;
    let owner = unit.owner(owner, now)?;
    let pk = unit
        .connection
        .prepare_cached(
            "UPDATE messages SET extras = ?3 WHERE owner_pk = ?1 AND id = ?2 RETURNING pk",
        )?
        .query_row(
            params![owner.pk, id.to_string(), message.extras.to_stored()],
            |row| row.get(0),
        )?;
    let conversation = message.conversation;
    if !conversations::is_temporary(unit.connection, owner.pk, conversation)? {
        unit.changed(owner, SubjectTable::Messages, pk, now);
    }
    Ok(Patched::Done(message))
}
