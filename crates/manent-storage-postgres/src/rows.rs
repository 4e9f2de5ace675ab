//! From rows to the domain's types. What cannot be read is damage, and says in which column.

use std::collections::BTreeSet;

use manent_domain::conversation::{Conversation, TitleSource};
use manent_domain::message::{Fingerprint, Message};
use manent_types::{
    ConversationId, Extras, Label, MessageId, ModelSettings, NodeId, RunId, Timestamp, UserId,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{Error, to_count};

/// The columns that [`conversation`] reads, in its order.
pub(crate) const CONVERSATION_COLUMNS: &str = "conversations.id, conversations.title, conversations.title_source, conversations.config, \
     conversations.archived_at, conversations.pinned, conversations.trashed_at, conversations.last_seq, conversations.created_at, \
     conversations.updated_at, conversations.last_message_at, conversations.expires_at, conversations.labels, conversations.extras";

/// The same without settings, labels and extras where the whole is not wanted; they are NULL then.
pub(crate) const CONVERSATION_COLUMNS_AS_WANTED: &str = "conversations.id, conversations.title, conversations.title_source, \
     CASE WHEN wanted.is_whole THEN conversations.config END, conversations.archived_at, conversations.pinned, conversations.trashed_at, \
     conversations.last_seq, conversations.created_at, conversations.updated_at, conversations.last_message_at, conversations.expires_at, \
     CASE WHEN wanted.is_whole THEN conversations.labels END, CASE WHEN wanted.is_whole THEN conversations.extras END";

/// The conversation whose columns begin at `at`; the settings are NULL, and all that is long missing, where the whole was not wanted.
pub(crate) fn conversation(row: &Row, at: usize) -> Result<(Conversation, bool), Error> {
    let config: Option<&str> = get(row, at + 3, "conversations.config")?;
    let has_config = config.is_some();
    let config = match config {
        Some(config) => {
            serde_json::from_str(config).map_err(|_| unreadable("conversations.config"))?
        }
        None => ModelSettings::default(),
    };
    let conversation = Conversation {
        id: ConversationId::new(get(row, at, "conversations.id")?),
        title: get(row, at + 1, "conversations.title")?,
        title_source: TitleSource::from_name(get(row, at + 2, "conversations.title_source")?)
            .ok_or_else(|| unreadable("conversations.title_source"))?,
        config,
        archived_at: timestamp_option(row, at + 4, "conversations.archived_at")?,
        pinned: get(row, at + 5, "conversations.pinned")?,
        trashed_at: timestamp_option(row, at + 6, "conversations.trashed_at")?,
        last_seq: count(row, at + 7, "conversations.last_seq")?,
        created_at: timestamp(row, at + 8, "conversations.created_at")?,
        updated_at: timestamp(row, at + 9, "conversations.updated_at")?,
        last_message_at: timestamp(row, at + 10, "conversations.last_message_at")?,
        expires_at: timestamp_option(row, at + 11, "conversations.expires_at")?,
        labels: labels(row, at + 12)?,
        extras: extras(row, at + 13, "conversations.extras")?,
    };
    Ok((conversation, has_config))
}

fn labels(row: &Row, index: usize) -> Result<BTreeSet<Label>, Error> {
    let column = "conversations.labels";
    let labels: Option<Vec<&str>> = get(row, index, column)?;
    let labels = labels.unwrap_or_default().into_iter().map(str::parse);
    labels
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable(column))
}

/// Labels as statements take them: as a JSON array, absent when there are none.
pub(crate) fn labels_column(labels: &BTreeSet<Label>) -> Result<Option<String>, Error> {
    if labels.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(labels).map_err(|_| Error::Unfit {
        what: "the labels of a conversation",
    })?;
    Ok(Some(text))
}

pub(crate) fn extras(row: &Row, index: usize, column: &'static str) -> Result<Extras, Error> {
    Extras::from_stored(get(row, index, column)?).map_err(|_| unreadable(column))
}

/// The columns that [`message`] reads, in its order.
pub(crate) const MESSAGE_COLUMNS: &str = "messages.id, messages.conversation_id, messages.parent_id, messages.seq, messages.role, \
     messages.content, messages.status, messages.model, messages.provider, messages.usage, messages.created_at, messages.stored_at, \
     messages.run_id, messages.edited_at, messages.deleted_at, messages.extras";

/// The message whose columns begin at `at`.
pub(crate) fn message(row: &Row, at: usize) -> Result<Message, Error> {
    let usage: Option<&str> = get(row, at + 9, "messages.usage")?;
    Ok(Message {
        id: MessageId::new(get(row, at, "messages.id")?),
        conversation: ConversationId::new(get(row, at + 1, "messages.conversation_id")?),
        parent: message_id_option(row, at + 2, "messages.parent_id")?,
        seq: count(row, at + 3, "messages.seq")?,
        role: parsed(row, at + 4, "messages.role")?,
        content: serde_json::from_str(get(row, at + 5, "messages.content")?)
            .map_err(|_| unreadable("messages.content"))?,
        status: parsed(row, at + 6, "messages.status")?,
        model: get(row, at + 7, "messages.model")?,
        provider: get(row, at + 8, "messages.provider")?,
        usage: usage
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| unreadable("messages.usage"))?,
        created_at: timestamp(row, at + 10, "messages.created_at")?,
        stored_at: timestamp(row, at + 11, "messages.stored_at")?,
        run: run_id_option(row, at + 12, "messages.run_id")?,
        edited_at: timestamp_option(row, at + 13, "messages.edited_at")?,
        deleted_at: timestamp_option(row, at + 14, "messages.deleted_at")?,
        extras: extras(row, at + 15, "messages.extras")?,
    })
}

/// A value as the driver reads it.
pub(crate) fn get<'row, T: FromSql<'row>>(
    row: &'row Row,
    index: usize,
    column: &'static str,
) -> Result<T, Error> {
    row.try_get(index).map_err(|_| unreadable(column))
}

/// A value that is written as text.
pub(crate) fn parsed<T: std::str::FromStr>(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<T, Error> {
    let text: &str = get(row, index, column)?;
    text.parse().map_err(|_| unreadable(column))
}

pub(crate) fn count(row: &Row, index: usize, column: &'static str) -> Result<u64, Error> {
    to_count(get(row, index, column)?, column)
}

pub(crate) fn timestamp(row: &Row, index: usize, column: &'static str) -> Result<Timestamp, Error> {
    to_timestamp(get(row, index, column)?, column)
}

pub(crate) fn timestamp_option(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<Timestamp>, Error> {
    get::<'_, Option<i64>>(row, index, column)?
        .map(|time| to_timestamp(time, column))
        .transpose()
}

fn to_timestamp(milliseconds: i64, column: &'static str) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| unreadable(column))
}

pub(crate) fn user_id(row: &Row, index: usize, column: &'static str) -> Result<UserId, Error> {
    Ok(UserId::new(get(row, index, column)?))
}

pub(crate) fn conversation_id(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<ConversationId, Error> {
    Ok(ConversationId::new(get(row, index, column)?))
}

pub(crate) fn conversation_id_option(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<ConversationId>, Error> {
    let id: Option<Uuid> = get(row, index, column)?;
    Ok(id.map(ConversationId::new))
}

pub(crate) fn message_id(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<MessageId, Error> {
    Ok(MessageId::new(get(row, index, column)?))
}

pub(crate) fn message_id_option(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<MessageId>, Error> {
    let id: Option<Uuid> = get(row, index, column)?;
    Ok(id.map(MessageId::new))
}

pub(crate) fn run_id(row: &Row, index: usize, column: &'static str) -> Result<RunId, Error> {
    Ok(RunId::new(get(row, index, column)?))
}

pub(crate) fn run_id_option(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<RunId>, Error> {
    let id: Option<Uuid> = get(row, index, column)?;
    Ok(id.map(RunId::new))
}

pub(crate) fn node_id(row: &Row, index: usize, column: &'static str) -> Result<NodeId, Error> {
    Ok(NodeId::new(get(row, index, column)?))
}

pub(crate) fn fingerprint(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Fingerprint, Error> {
    let bytes: &[u8] = get(row, index, column)?;
    let bytes = bytes.try_into().map_err(|_| unreadable(column))?;
    Ok(Fingerprint(bytes))
}

pub(crate) const fn unreadable(column: &'static str) -> Error {
    Error::Unreadable { column }
}
