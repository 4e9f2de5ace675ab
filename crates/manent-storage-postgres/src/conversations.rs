//! Conversations.

mod list;

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::{
    Conversation, ConversationPatch, Created, NewConversation, Patched, TitleSource,
};
use manent_domain::feed::Subject;
use manent_types::{ConversationId, Label, Timestamp, UserId};

use crate::error::Error;
use crate::rows::{self, CONVERSATION_COLUMNS, count, parsed};
use crate::workspace::Workspace;

pub(crate) use list::list;

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
    let conversation = Conversation::begun(new.clone(), now);
    if workspace.is_gone(owner) {
        // As if it had been written just before its owner was deleted with everything.
        return Created::New(conversation);
    }
    // A feed that it stands in would bring the owner's row; a temporary one stands in none.
    workspace.ensure_user(owner, now);
    workspace.add_conversation(owner, conversation.clone());
    tell(workspace, owner, &conversation, now);
    Created::New(conversation)
}

/// Writes into the feed that a conversation changed, unless it is temporary.
fn tell(workspace: &mut Workspace, owner: UserId, conversation: &Conversation, now: Timestamp) {
    if !conversation.is_temporary() {
        workspace.changed(owner, [Subject::Conversation(conversation.id)], now);
    }
}

/// Applies a patch.
pub(crate) fn update(
    workspace: &mut Workspace,
    owner: UserId,
    id: ConversationId,
    patch: &ConversationPatch,
    now: Timestamp,
) -> Patched<Conversation> {
    let key = (owner, id);
    let before = workspace.whole_conversation(key);
    let before = before.filter(|row| !row.conversation.is_expired(now));
    let after = match before.map(|row| row.conversation.patched(patch, now)) {
        None => return Patched::Missing,
        Some(Err(bound)) => return Patched::Refused(bound),
        Some(Ok(after)) => after,
    };
    let Some(row) = workspace.conversation_mut(key) else {
        return Patched::Missing;
    };
    row.is_reconfigured |=
        patch.config.is_some() || patch.labels.is_some() || patch.extras.is_some();
    row.conversation.clone_from(&after);
    tell(workspace, owner, &after, now);
    Patched::Done(after)
}

/// Takes a label away wherever it is, and adds another one there if there is one; answers how many had it.
pub(crate) fn relabel(
    workspace: &mut Workspace,
    owner: UserId,
    label: &Label,
    other: Option<&Label>,
    now: Timestamp,
) -> u64 {
    let mut changed = 0;
    let mut subjects = Vec::new();
    for id in workspace.labelled(&(owner, label.clone())) {
        let key = (owner, id);
        let known = workspace.whole_conversation(key);
        if !known.is_some_and(|row| row.conversation.labels.contains(label)) {
            continue;
        }
        let Some(row) = workspace.conversation_mut(key) else {
            continue;
        };
        row.is_reconfigured = true;
        let conversation = &mut row.conversation;
        conversation.labels.remove(label);
        conversation.labels.extend(other.cloned());
        conversation.updated_at = conversation.updated_at.max(now);
        changed += 1;
        if !conversation.is_temporary() {
            subjects.push(Subject::Conversation(id));
        }
    }
    workspace.changed(owner, subjects, now);
    changed
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
    if before.conversation.is_expired(now) {
        return None;
    }
    if before.conversation.trashed_at.is_some() == trashed {
        return Some(before.conversation.clone());
    }
    let conversation = &mut workspace.conversation_mut(key)?.conversation;
    conversation.trashed_at = trashed.then_some(now);
    conversation.updated_at = conversation.updated_at.max(now);
    let after = conversation.clone();
    tell(workspace, owner, &after, now);
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
    let is_open = workspace.conversation(key).is_some_and(|row| {
        row.conversation.title_source <= TitleSource::Cut && !row.conversation.is_expired(now)
    });
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
    let after = conversation.clone();
    tell(workspace, owner, &after, now);
    true
}

/// One conversation.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<Option<Conversation>, Error> {
    let sql = format!(
        "SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $3)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(
            &statement,
            &[&owner.as_uuid(), &id.as_uuid(), &now.as_millisecond()],
        )
        .await?;
    row.map(|row| Ok(rows::conversation(&row, 0)?.0))
        .transpose()
}

/// How many conversations of the lists have each label with this prefix.
pub(crate) async fn label_counts(
    client: &ClientWrapper,
    owner: UserId,
    prefix: &str,
) -> Result<BTreeMap<Label, u64>, Error> {
    let statement = client
        .prepare_cached(
            "SELECT label, count(*) FROM conversations, unnest(labels) AS label WHERE owner_id = $1 AND labels IS NOT NULL \
             AND trashed_at IS NULL AND expires_at IS NULL AND starts_with(label, $2) GROUP BY label",
        )
        .await?;
    let rows = client
        .query(&statement, &[&owner.as_uuid(), &prefix])
        .await?;
    rows.iter()
        .map(|row| {
            let label = parsed(row, 0, "conversations.labels")?;
            Ok((label, count(row, 1, "conversations.labels")?))
        })
        .collect()
}
