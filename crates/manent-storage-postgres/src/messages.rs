//! Reading messages.

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::{Bound, Page, Patched};
use manent_domain::feed::Subject;
use manent_domain::message::{Message, MessageRange};
use manent_types::{ConversationId, Extras, ExtrasPatch, MessageId, Timestamp, UserId};

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, value};
use crate::rows::{self, MESSAGE_COLUMNS, unreadable};
use crate::workspace::Workspace;

/// One message, deleted or not.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Message>, Error> {
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = $2 AND uuid_send(owner_id) = uuid_send($1) AND NOT EXISTS \
         (SELECT FROM conversations WHERE conversations.owner_id = $1 AND conversations.id = messages.conversation_id \
         AND conversations.expires_at <= $3)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(
            &statement,
            &[&owner.as_uuid(), &id.as_uuid(), &now.as_millisecond()],
        )
        .await?;
    row.map(|row| rows::message(&row, 0)).transpose()
}

/// A page of a conversation's messages, ascending in `seq`; `None` when the owner has no such conversation.
pub(crate) async fn list(
    client: &ClientWrapper,
    owner: UserId,
    conversation: ConversationId,
    range: MessageRange,
    limit: usize,
    now: Timestamp,
) -> Result<Option<Page<Message, MessageRange>>, Error> {
    let (condition, order, seq) = match range {
        MessageRange::After(seq) => ("seq > $3", "ASC", seq),
        MessageRange::Before(seq) => ("seq < $3", "DESC", seq.unwrap_or(u64::MAX)),
    };
    let mut pipeline = Pipeline::new(client);
    // A conversation that is there now is taken away when its time is over, if ever: two looks see the same.
    let sql = "SELECT FROM conversations WHERE owner_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $3)";
    let values = vec![
        value(owner.as_uuid()),
        value(conversation.as_uuid()),
        value(now.as_millisecond()),
    ];
    pipeline.add(sql, values).await?;
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages WHERE owner_id = $1 AND conversation_id = $2 AND {condition} ORDER BY seq {order} LIMIT $4"
    );
    let values = vec![
        value(owner.as_uuid()),
        value(conversation.as_uuid()),
        // No place lies beyond what the column can hold.
        value(i64::try_from(seq).unwrap_or(i64::MAX)),
        value(to_integer(limit as u64 + 1, "the limit")?),
    ];
    pipeline.add(&sql, values).await?;
    let answers = pipeline.run().await?;
    let [known, found] = answers.as_slice() else {
        return Ok(None);
    };
    if known.is_empty() {
        return Ok(None);
    }
    let mut items = found
        .iter()
        .map(|row| rows::message(row, 0))
        .collect::<Result<Vec<_>, _>>()?;
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
    workspace: &mut Workspace,
    owner: UserId,
    id: MessageId,
    patch: &ExtrasPatch,
    now: Timestamp,
) -> Result<Patched<()>, Error> {
    let key = (owner, id);
    let Some(conversation) = workspace.message(key).map(|row| row.conversation) else {
        return Ok(Patched::Missing);
    };
    let Some(conversation) = workspace.conversation((owner, conversation)) else {
        return Ok(Patched::Missing);
    };
    let is_temporary = conversation.conversation.is_temporary();
    if conversation.conversation.is_expired(now) {
        return Ok(Patched::Missing);
    }
    // Absent while its content is not loaded: then all of this is done again.
    let Some(row) = workspace.message_with_content(key) else {
        return Ok(Patched::Missing);
    };
    let extras = Extras::from_stored(row.extras.as_deref());
    let extras = extras.map_err(|_| unreadable("messages.extras"))?;
    let Ok(extras) = extras.merge(patch) else {
        return Ok(Patched::Refused(Bound::Extras));
    };
    row.extras = extras.to_stored();
    row.is_annotated = true;
    if !is_temporary {
        workspace.changed(owner, [Subject::Message(id)], now);
    }
    Ok(Patched::Done(()))
}
