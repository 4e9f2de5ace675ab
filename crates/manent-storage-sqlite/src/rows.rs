//! From rows to the domain's types. What cannot be read is damage, and says in which column.

use std::collections::BTreeSet;

use manent_domain::conversation::{Conversation, TitleSource};
use manent_domain::message::Message;
use manent_types::{ConversationId, Extras, Label, Timestamp};
use rusqlite::Row;

use crate::error::{Error, to_count};

/// The columns that [`conversation`] reads, in its order.
pub(crate) const CONVERSATION_COLUMNS: &str = "id, title, title_source, config, archived_at, pinned, trashed_at, \
     last_seq, created_at, updated_at, last_message_at, expires_at, labels, extras";

pub(crate) fn conversation(row: &Row<'_>) -> Result<Conversation, Error> {
    Ok(Conversation {
        id: parsed(row, 0, "conversations.id")?,
        title: row.get(1)?,
        title_source: title_source(row, 2)?,
        config: serde_json::from_str(text(row, 3, "conversations.config")?)
            .map_err(|_| unreadable("conversations.config"))?,
        archived_at: timestamp_option(row, 4, "conversations.archived_at")?,
        pinned: row.get(5)?,
        trashed_at: timestamp_option(row, 6, "conversations.trashed_at")?,
        last_seq: to_count(row.get(7)?, "conversations.last_seq")?,
        created_at: timestamp(row, 8, "conversations.created_at")?,
        updated_at: timestamp(row, 9, "conversations.updated_at")?,
        last_message_at: timestamp(row, 10, "conversations.last_message_at")?,
        expires_at: timestamp_option(row, 11, "conversations.expires_at")?,
        labels: labels(row, 12)?,
        extras: extras(row, 13, "conversations.extras")?,
    })
}

fn labels(row: &Row<'_>, index: usize) -> Result<BTreeSet<Label>, Error> {
    let column = "conversations.labels";
    let text = row.get_ref(index)?.as_str_or_null();
    match text.map_err(|_| unreadable(column))? {
        None => Ok(BTreeSet::new()),
        Some(text) => serde_json::from_str(text).map_err(|_| unreadable(column)),
    }
}

/// The column `labels`.
pub(crate) fn labels_column(labels: &BTreeSet<Label>) -> Result<Option<String>, Error> {
    if labels.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(labels).map_err(|_| Error::Unfit {
        what: "the labels of a conversation",
    })?;
    Ok(Some(text))
}

fn extras(row: &Row<'_>, index: usize, column: &'static str) -> Result<Extras, Error> {
    let text = row.get_ref(index)?.as_str_or_null();
    let text = text.map_err(|_| unreadable(column))?;
    Extras::from_stored(text).map_err(|_| unreadable(column))
}

/// The columns that [`message`] reads, in its order.
pub(crate) const MESSAGE_COLUMNS: &str = "id, parent_id, seq, role, content, status, model, provider, usage, created_at, \
     stored_at, run_id, edited_at, deleted_at, extras";

/// The next column after them: the id of the message's conversation, for [`message_of_any`].
pub(crate) const CONVERSATION_OF_MESSAGE: &str = "(SELECT conversations.id FROM conversations WHERE conversations.pk = messages.conversation_pk)";

/// A message whose conversation is in the row.
pub(crate) fn message_of_any(row: &Row<'_>) -> Result<Message, Error> {
    message(row, parsed(row, 15, "conversations.id")?)
}

pub(crate) fn message(row: &Row<'_>, conversation: ConversationId) -> Result<Message, Error> {
    let usage = row
        .get_ref(8)?
        .as_str_or_null()
        .map_err(|_| unreadable("messages.usage"))?
        .map(serde_json::from_str)
        .transpose()
        .map_err(|_| unreadable("messages.usage"))?;
    Ok(Message {
        id: parsed(row, 0, "messages.id")?,
        conversation,
        parent: parsed_option(row, 1, "messages.parent_id")?,
        seq: to_count(row.get(2)?, "messages.seq")?,
        role: parsed(row, 3, "messages.role")?,
        content: serde_json::from_str(text(row, 4, "messages.content")?)
            .map_err(|_| unreadable("messages.content"))?,
        status: parsed(row, 5, "messages.status")?,
        model: row.get(6)?,
        provider: row.get(7)?,
        usage,
        created_at: timestamp(row, 9, "messages.created_at")?,
        stored_at: timestamp(row, 10, "messages.stored_at")?,
        run: parsed_option(row, 11, "messages.run_id")?,
        edited_at: timestamp_option(row, 12, "messages.edited_at")?,
        deleted_at: timestamp_option(row, 13, "messages.deleted_at")?,
        extras: extras(row, 14, "messages.extras")?,
    })
}

/// A value that is written as text.
pub(crate) fn parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    index: usize,
    column: &'static str,
) -> Result<T, Error> {
    text(row, index, column)?
        .parse()
        .map_err(|_| unreadable(column))
}

/// A value that is written as text, or NULL.
pub(crate) fn parsed_option<T: std::str::FromStr>(
    row: &Row<'_>,
    index: usize,
    column: &'static str,
) -> Result<Option<T>, Error> {
    row.get_ref(index)?
        .as_str_or_null()
        .map_err(|_| unreadable(column))?
        .map(str::parse)
        .transpose()
        .map_err(|_| unreadable(column))
}

pub(crate) fn title_source(row: &Row<'_>, index: usize) -> Result<TitleSource, Error> {
    let column = "conversations.title_source";
    TitleSource::from_name(text(row, index, column)?).ok_or_else(|| unreadable(column))
}

pub(crate) fn timestamp(
    row: &Row<'_>,
    index: usize,
    column: &'static str,
) -> Result<Timestamp, Error> {
    to_timestamp(row.get(index)?, column)
}

pub(crate) fn timestamp_option(
    row: &Row<'_>,
    index: usize,
    column: &'static str,
) -> Result<Option<Timestamp>, Error> {
    row.get::<_, Option<i64>>(index)?
        .map(|time| to_timestamp(time, column))
        .transpose()
}

fn to_timestamp(milliseconds: i64, column: &'static str) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| unreadable(column))
}

pub(crate) fn text<'row>(
    row: &'row Row<'_>,
    index: usize,
    column: &'static str,
) -> Result<&'row str, Error> {
    row.get_ref(index)?.as_str().map_err(|_| unreadable(column))
}

pub(crate) fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { column }
}
