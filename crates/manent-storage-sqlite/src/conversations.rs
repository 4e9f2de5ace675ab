//! Statements on conversations.

mod labels;
mod list;

use manent_domain::conversation::{
    Conversation, ConversationPatch, Created, NewConversation, Patched, TitleSource,
};
use manent_types::{ConversationId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Error;
use crate::feed_entries::SubjectTable;
use crate::rows::{self, CONVERSATION_COLUMNS, labels_column};
use crate::users::Owner;
use crate::writer::Unit;

pub(crate) use labels::{counts as label_counts, relabel};
pub(crate) use list::list;

/// Creates a conversation, or finds the owner's existing one.
pub(crate) fn create(
    unit: &mut Unit<'_>,
    owner: UserId,
    new: &NewConversation,
    config: &str,
    now: Timestamp,
) -> Result<Created, Error> {
    let conversation = Conversation::begun(new.clone(), now);
    if unit.is_gone(owner)? {
        // As if it had been written just before its owner was deleted with everything.
        return Ok(Created::New(conversation));
    }
    let owner = unit.owner(owner, now)?;
    if let Some((_, existing)) = find_row(unit.connection, owner.pk, new.id)? {
        return Ok(Created::Existing(existing));
    }
    let pk = unit
        .connection
        .prepare_cached(
            "INSERT INTO conversations (owner_pk, id, title, title_source, config, pinned, last_seq, created_at, updated_at, \
             last_message_at, expires_at, labels, extras) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?6, ?6, ?7, ?8, ?9)",
        )?
        .insert(params![
            owner.pk,
            new.id.to_string(),
            new.title,
            conversation.title_source.as_str(),
            config,
            now.as_millisecond(),
            new.expires_at.map(Timestamp::as_millisecond),
            labels_column(&new.labels)?,
            new.extras.to_stored(),
        ])?;
    unit.index
        .change_title(pk, owner.pk, None, new.title.clone());
    tell(unit, owner, pk, &conversation, now);
    Ok(Created::New(conversation))
}

/// One conversation.
pub(crate) fn find(
    connection: &Connection,
    owner: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<Option<Conversation>, Error> {
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations \
         WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2 AND (expires_at IS NULL OR expires_at > ?3)"
    );
    let parameters = params![owner.to_string(), id.to_string(), now.as_millisecond()];
    connection
        .prepare_cached(&sql)?
        .query_row(parameters, |row| Ok(rows::conversation(row)))
        .optional()?
        .transpose()
}

/// A conversation that is there.
pub(crate) struct Presence {
    /// Whether it is one that goes by itself.
    pub(crate) is_temporary: bool,
}

/// Whether a conversation is there.
pub(crate) fn presence(
    connection: &Connection,
    owner: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<Option<Presence>, Error> {
    let sql = "SELECT expires_at IS NOT NULL FROM conversations WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2 \
         AND (expires_at IS NULL OR expires_at > ?3)";
    let parameters = params![owner.to_string(), id.to_string(), now.as_millisecond()];
    let is_temporary = connection
        .prepare_cached(sql)?
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    Ok(is_temporary.map(|is_temporary| Presence { is_temporary }))
}

/// Whether a conversation is one that stands in no feed.
pub(crate) fn is_temporary(
    connection: &Connection,
    owner_pk: i64,
    id: ConversationId,
) -> Result<bool, Error> {
    let sql = "SELECT expires_at IS NOT NULL FROM conversations WHERE owner_pk = ?1 AND id = ?2";
    let is_temporary = connection
        .prepare_cached(sql)?
        .query_row(params![owner_pk, id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(is_temporary.unwrap_or(false))
}

/// Writes into the feed that a conversation changed, unless it is temporary.
fn tell(unit: &mut Unit<'_>, owner: Owner, pk: i64, conversation: &Conversation, now: Timestamp) {
    if !conversation.is_temporary() {
        unit.changed(owner, SubjectTable::Conversations, pk, now);
    }
}

/// Applies a patch.
pub(crate) fn update(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    patch: &ConversationPatch,
    now: Timestamp,
) -> Result<Patched<Conversation>, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(Patched::Missing);
    };
    let Some((pk, before)) = find_present_row(unit.connection, owner.pk, id, now)? else {
        return Ok(Patched::Missing);
    };
    let after = match before.patched(patch, now) {
        Ok(after) => after,
        Err(bound) => return Ok(Patched::Refused(bound)),
    };
    if after.title != before.title {
        unit.index
            .change_title(pk, owner.pk, before.title.clone(), after.title.clone());
    }
    write_change(unit, &before, &after, pk)?;
    tell(unit, owner, pk, &after, now);
    Ok(Patched::Done(after))
}

fn write_change(
    unit: &Unit<'_>,
    before: &Conversation,
    after: &Conversation,
    pk: i64,
) -> Result<(), Error> {
    // What is long is written only when it changed.
    let config = (after.config != before.config).then(|| serde_json::to_string(&after.config));
    let config = config.transpose().map_err(|_| Error::Unfit {
        what: "the settings of a conversation",
    })?;
    if after.extras != before.extras {
        unit.connection
            .prepare_cached("UPDATE conversations SET extras = ?2 WHERE pk = ?1")?
            .execute(params![pk, after.extras.to_stored()])?;
    }
    unit.connection
        .prepare_cached(
            "UPDATE conversations SET title = ?2, title_source = ?3, config = COALESCE(?4, config), archived_at = ?5, pinned = ?6, \
             updated_at = ?7, labels = ?8, created_at = ?9, last_message_at = ?10 WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            after.title,
            after.title_source.as_str(),
            config,
            after.archived_at.map(Timestamp::as_millisecond),
            after.pinned,
            after.updated_at.as_millisecond(),
            labels_column(&after.labels)?,
            after.created_at.as_millisecond(),
            after.last_message_at.as_millisecond(),
        ])?;
    Ok(())
}

/// Puts a conversation into the trash or takes it out.
pub(crate) fn set_trashed(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    trashed: bool,
    now: Timestamp,
) -> Result<Option<Conversation>, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(None);
    };
    let Some((pk, mut conversation)) = find_present_row(unit.connection, owner.pk, id, now)? else {
        return Ok(None);
    };
    if conversation.trashed_at.is_some() != trashed {
        conversation.trashed_at = trashed.then_some(now);
        conversation.updated_at = conversation.updated_at.max(now);
        unit.connection
            .prepare_cached(
                "UPDATE conversations SET trashed_at = ?2, updated_at = ?3 WHERE pk = ?1",
            )?
            .execute(params![
                pk,
                conversation.trashed_at.map(Timestamp::as_millisecond),
                conversation.updated_at.as_millisecond(),
            ])?;
        tell(unit, owner, pk, &conversation, now);
    }
    Ok(Some(conversation))
}

/// Sets a title made by a model, only over none or a cut.
pub(crate) fn set_generated_title(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    title: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(false);
    };
    let Some((pk, conversation)) = find_present_row(unit.connection, owner.pk, id, now)? else {
        return Ok(false);
    };
    if conversation.title_source > TitleSource::Cut {
        return Ok(false);
    }
    unit.connection
        .prepare_cached(
            "UPDATE conversations SET title = ?2, title_source = 'generated', updated_at = MAX(updated_at, ?3) WHERE pk = ?1",
        )?
        .execute(params![pk, title, now.as_millisecond()])?;
    let old = conversation.title.clone();
    unit.index
        .change_title(pk, owner.pk, old, Some(title.to_owned()));
    tell(unit, owner, pk, &conversation, now);
    Ok(true)
}

fn find_present_row(
    connection: &Connection,
    owner_pk: i64,
    id: ConversationId,
    now: Timestamp,
) -> Result<Option<(i64, Conversation)>, Error> {
    let found = find_row(connection, owner_pk, id)?;
    Ok(found.filter(|(_, conversation)| !conversation.is_expired(now)))
}

fn find_row(
    connection: &Connection,
    owner_pk: i64,
    id: ConversationId,
) -> Result<Option<(i64, Conversation)>, Error> {
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS}, pk FROM conversations WHERE owner_pk = ?1 AND id = ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![owner_pk, id.to_string()])?;
    match found.next()? {
        Some(row) => Ok(Some((row.get("pk")?, rows::conversation(row)?))),
        None => Ok(None),
    }
}
