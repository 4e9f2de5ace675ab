//! Conversations.

use manent_domain::conversation::Conversation;
use manent_types::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::error::{Error, to_integer};
use crate::rows::labels_column;
use crate::users::Owner;
use crate::writer::Unit;

pub(super) fn write(
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
            "INSERT INTO conversations (owner_pk, id, title, title_source, config, archived_at, pinned, trashed_at, last_seq, \
             created_at, updated_at, last_message_at, expires_at, labels, extras) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
             ON CONFLICT (owner_pk, id) DO UPDATE SET title = excluded.title, title_source = excluded.title_source, \
             config = excluded.config, archived_at = excluded.archived_at, pinned = excluded.pinned, trashed_at = excluded.trashed_at, \
             last_seq = excluded.last_seq, created_at = excluded.created_at, updated_at = excluded.updated_at, \
             last_message_at = excluded.last_message_at, expires_at = excluded.expires_at, labels = excluded.labels, \
             extras = excluded.extras RETURNING pk",
        )?
        .query_row(
            params![
                owner.pk,
                conversation.id.to_string(),
                conversation.title,
                conversation.title_source.as_str(),
                config,
                conversation.archived_at.map(Timestamp::as_millisecond),
                conversation.pinned,
                conversation.trashed_at.map(Timestamp::as_millisecond),
                to_integer(conversation.last_seq, "a conversation's length")?,
                conversation.created_at.as_millisecond(),
                conversation.updated_at.as_millisecond(),
                conversation.last_message_at.as_millisecond(),
                conversation.expires_at.map(Timestamp::as_millisecond),
                labels_column(&conversation.labels)?,
                conversation.extras.to_stored(),
            ],
            |row| row.get(0),
        )?;
    unit.index
        .change_title(pk, owner.pk, old, conversation.title.clone());
    Ok(())
}
