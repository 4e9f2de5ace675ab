//! Reading messages.

use deadpool_postgres::ClientWrapper;
use manent_domain::conversation::Page;
use manent_domain::message::{Message, MessageRange};
use manent_types::{ConversationId, MessageId, UserId};

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, value};
use crate::rows::{self, MESSAGE_COLUMNS};

/// One message, deleted or not.
pub(crate) async fn find(
    client: &ClientWrapper,
    owner: UserId,
    id: MessageId,
) -> Result<Option<Message>, Error> {
    let sql = format!(
        "SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = $2 AND uuid_send(owner_id) = uuid_send($1)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&owner.as_uuid(), &id.as_uuid()])
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
) -> Result<Option<Page<Message, MessageRange>>, Error> {
    let (condition, order, seq) = match range {
        MessageRange::After(seq) => ("seq > $3", "ASC", seq),
        MessageRange::Before(seq) => ("seq < $3", "DESC", seq.unwrap_or(u64::MAX)),
    };
    let mut pipeline = Pipeline::new(client);
    // Conversations are never taken away: two looks see the same.
    let sql = "SELECT FROM conversations WHERE owner_id = $1 AND id = $2";
    let values = vec![value(owner.as_uuid()), value(conversation.as_uuid())];
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
