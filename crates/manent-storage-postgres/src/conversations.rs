//! Conversations.

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::{
    Conversation, ConversationCursor, ConversationFilter, ConversationPatch, Created,
    NewConversation, Page, TitleSource,
};
use manent_domain::feed::Subject;
use manent_types::{ConversationId, Timestamp, UserId};
use tokio_postgres::types::ToSql;

use crate::error::{Error, to_integer};
use crate::rows::{self, CONVERSATION_COLUMNS};
use crate::workspace::Workspace;

/// Creates a conversation, or finds the owner's existing one.
pub(crate) fn create(
    workspace: &mut Workspace,
    owner: UserId,
    new: &NewConversation,
    now: Timestamp,
) -> Created {
    if let Some(existing) = workspace.whole_conversation((owner, new.id)) {
        return Created::Existing(existing.conversation.clone());
    }
    let conversation = Conversation {
        id: new.id,
        title: new.title.clone(),
        title_source: match new.title {
            Some(_) => TitleSource::User,
            None => TitleSource::None,
        },
        config: new.config.clone(),
        archived: false,
        pinned: false,
        trashed_at: None,
        last_seq: 0,
        created_at: now,
        updated_at: now,
        last_message_at: now,
    };
    if workspace.is_gone(owner) {
        // As if it had been written just before its owner was deleted with everything.
        return Created::New(conversation);
    }
    workspace.add_conversation(owner, conversation.clone());
    workspace.changed(owner, [Subject::Conversation(new.id)], now);
    Created::New(conversation)
}

/// Applies a patch.
pub(crate) fn update(
    workspace: &mut Workspace,
    owner: UserId,
    id: ConversationId,
    patch: &ConversationPatch,
    now: Timestamp,
) -> Option<Conversation> {
    let key = (owner, id);
    workspace.whole_conversation(key)?;
    let row = workspace.conversation_mut(key)?;
    let conversation = &mut row.conversation;
    if let Some(title) = &patch.title {
        conversation.title = Some(title.clone());
        conversation.title_source = TitleSource::User;
    }
    if let Some(config) = &patch.config {
        conversation.config = config.clone();
        row.is_reconfigured = true;
    }
    conversation.archived = patch.archived.unwrap_or(conversation.archived);
    conversation.pinned = patch.pinned.unwrap_or(conversation.pinned);
    conversation.updated_at = conversation.updated_at.max(now);
    let after = conversation.clone();
    workspace.changed(owner, [Subject::Conversation(id)], now);
    Some(after)
}

/// Puts a conversation into the trash or takes it out.
pub(crate) fn set_trashed(
    workspace: &mut Workspace,
    owner: UserId,
    id: ConversationId,
    trashed: bool,
    now: Timestamp,
) -> Option<Conversation> {
    let key = (owner, id);
    let before = workspace.whole_conversation(key)?;
    if before.conversation.trashed_at.is_some() == trashed {
        return Some(before.conversation.clone());
    }
    let conversation = &mut workspace.conversation_mut(key)?.conversation;
    conversation.trashed_at = trashed.then_some(now);
    conversation.updated_at = conversation.updated_at.max(now);
    let after = conversation.clone();
    workspace.changed(owner, [Subject::Conversation(id)], now);
    Some(after)
}

/// Sets a title made by a model, only over none or a cut.
pub(crate) fn set_generated_title(
    workspace: &mut Workspace,
    owner: UserId,
    id: ConversationId,
    title: &str,
    now: Timestamp,
) -> bool {
    let key = (owner, id);
    let is_open = workspace
        .conversation(key)
        .is_some_and(|row| row.conversation.title_source <= TitleSource::Cut);
    if !is_open {
        return false;
    }
    let Some(row) = workspace.conversation_mut(key) else {
        return false;
    };
    let conversation = &mut row.conversation;
    conversation.title = Some(title.to_owned());
    conversation.title_source = TitleSource::Generated;
    conversation.updated_at = conversation.updated_at.max(now);
    workspace.changed(owner, [Subject::Conversation(id)], now);
    true
}

/// One conversation.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: ConversationId,
) -> Result<Option<Conversation>, Error> {
    let sql =
        format!("SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_id = $1 AND id = $2");
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&owner.as_uuid(), &id.as_uuid()])
        .await?;
    row.map(|row| Ok(rows::conversation(&row, 0)?.0))
        .transpose()
}

/// A page of the list, newest first.
pub(crate) async fn list(
    client: &ClientWrapper,
    owner: UserId,
    filter: &ConversationFilter,
    after: Option<ConversationCursor>,
    limit: usize,
) -> Result<Page<Conversation, ConversationCursor>, Error> {
    // The conditions are words of the statement and not parameters: each has a partial index that fits its words.
    let place = match (filter.trashed, filter.archived) {
        (true, _) => "trashed_at IS NOT NULL",
        (false, true) => "trashed_at IS NULL AND archived",
        (false, false) => "trashed_at IS NULL AND NOT archived",
    };
    let pinned = match filter.pinned {
        Some(true) => " AND pinned",
        Some(false) => " AND NOT pinned",
        None => "",
    };
    let cursor = if after.is_some() {
        " AND (last_message_at, id) < ($3, $4)"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_id = $1 AND {place}{pinned}{cursor} \
         ORDER BY last_message_at DESC, id DESC LIMIT $2"
    );
    let statement = client.prepare_cached(&sql).await?;
    let owner = owner.as_uuid();
    let fetch = to_integer(limit as u64 + 1, "the limit")?;
    let (time, id);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&owner, &fetch];
    if let Some(after) = after {
        time = after.last_message_at.as_millisecond();
        id = after.id.as_uuid();
        values.push(&time);
        values.push(&id);
    }
    let mut items = client
        .query(&statement, &values)
        .await?
        .iter()
        .map(|row| Ok(rows::conversation(row, 0)?.0))
        .collect::<Result<Vec<_>, Error>>()?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| ConversationCursor {
        last_message_at: last.last_message_at,
        id: last.id,
    });
    Ok(Page { items, next })
}
