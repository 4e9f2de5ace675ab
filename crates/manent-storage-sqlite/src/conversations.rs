//! Statements on conversations.

use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, TitleSource,
};
use manent_types::{ConversationId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, to_integer};
use crate::feed_entries::SubjectTable;
use crate::rows::{self, CONVERSATION_COLUMNS};
use crate::writer::Unit;

/// Creates a conversation, or finds the owner's existing one.
pub(crate) fn create(
    unit: &mut Unit<'_>,
    owner: UserId,
    new: &NewConversation,
    config: &str,
    now: Timestamp,
) -> Result<Created, Error> {
    let title_source = if new.title.is_some() {
        TitleSource::User
    } else {
        TitleSource::None
    };
    let conversation = Conversation {
        id: new.id,
        title: new.title.clone(),
        title_source,
        config: new.config.clone(),
        archived: false,
        pinned: false,
        trashed_at: None,
        last_seq: 0,
        created_at: now,
        updated_at: now,
        last_message_at: now,
    };
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
            "INSERT INTO conversations (owner_pk, id, title, title_source, config, archived, pinned, last_seq, created_at, \
             updated_at, last_message_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?6, ?6)",
        )?
        .insert(params![
            owner.pk,
            new.id.to_string(),
            new.title,
            title_source.as_str(),
            config,
            now.as_millisecond(),
        ])?;
    unit.index
        .change_title(pk, owner.pk, None, new.title.clone());
    unit.changed(owner, SubjectTable::Conversations, pk, now);
    Ok(Created::New(conversation))
}

/// One conversation.
pub(crate) fn find(
    connection: &Connection,
    owner: UserId,
    id: ConversationId,
) -> Result<Option<Conversation>, Error> {
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations \
         WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND id = ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_row([owner.to_string(), id.to_string()], |row| {
            Ok(rows::conversation(row))
        })
        .optional()?
        .transpose()
}

/// A page of the list, newest first.
pub(crate) fn list(
    connection: &Connection,
    owner: UserId,
    filter: &ConversationFilter,
    after: Option<ConversationCursor>,
    limit: usize,
) -> Result<Page<Conversation, ConversationCursor>, Error> {
    // The conditions are words of the statement and not parameters: each has a partial index that fits its words.
    let place = match (filter.trashed, filter.archived) {
        (true, _) => "trashed_at IS NOT NULL",
        (false, true) => "trashed_at IS NULL AND archived = 1",
        (false, false) => "trashed_at IS NULL AND archived = 0",
    };
    let pinned = match filter.pinned {
        Some(true) => " AND pinned = 1",
        Some(false) => " AND pinned = 0",
        None => "",
    };
    let cursor = if after.is_some() {
        " AND (last_message_at, id) < (?3, ?4)"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations \
         WHERE owner_pk = (SELECT pk FROM users WHERE id = ?1) AND {place}{pinned}{cursor} \
         ORDER BY last_message_at DESC, id DESC LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let owner = owner.to_string();
    let fetch = to_integer(limit as u64 + 1, "the limit")?;
    let mut found = match after {
        Some(after) => statement.query(params![
            owner,
            fetch,
            after.last_message_at.as_millisecond(),
            after.id.to_string(),
        ])?,
        None => statement.query(params![owner, fetch])?,
    };
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(rows::conversation(row)?);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|last| ConversationCursor {
            last_message_at: last.last_message_at,
            id: last.id,
        });
    Ok(Page { items, next })
}

/// Applies a patch; `config` is the patch's settings as JSON.
pub(crate) fn update(
    unit: &mut Unit<'_>,
    owner: UserId,
    id: ConversationId,
    patch: &ConversationPatch,
    config: Option<&str>,
    now: Timestamp,
) -> Result<Option<Conversation>, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(None);
    };
    let Some((pk, mut conversation)) = find_row(unit.connection, owner.pk, id)? else {
        return Ok(None);
    };
    if let Some(title) = &patch.title {
        let old = conversation.title.replace(title.clone());
        conversation.title_source = TitleSource::User;
        unit.index
            .change_title(pk, owner.pk, old, conversation.title.clone());
    }
    if let Some(config) = &patch.config {
        conversation.config = config.clone();
    }
    conversation.archived = patch.archived.unwrap_or(conversation.archived);
    conversation.pinned = patch.pinned.unwrap_or(conversation.pinned);
    conversation.updated_at = conversation.updated_at.max(now);
    unit.connection
        .prepare_cached(
            "UPDATE conversations SET title = ?2, title_source = ?3, config = COALESCE(?4, config), archived = ?5, pinned = ?6, \
             updated_at = ?7 WHERE pk = ?1",
        )?
        .execute(params![
            pk,
            conversation.title,
            conversation.title_source.as_str(),
            config,
            conversation.archived,
            conversation.pinned,
            conversation.updated_at.as_millisecond(),
        ])?;
    unit.changed(owner, SubjectTable::Conversations, pk, now);
    Ok(Some(conversation))
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
    let Some((pk, mut conversation)) = find_row(unit.connection, owner.pk, id)? else {
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
        unit.changed(owner, SubjectTable::Conversations, pk, now);
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
    let Some((pk, conversation)) = find_row(unit.connection, owner.pk, id)? else {
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
    unit.index
        .change_title(pk, owner.pk, conversation.title, Some(title.to_owned()));
    unit.changed(owner, SubjectTable::Conversations, pk, now);
    Ok(true)
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
