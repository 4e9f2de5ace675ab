//! Removing conversations whose time is over. They stand in no feed, so nothing there refers to what goes.

use deadpool_postgres::ClientWrapper;
use manent_types::Timestamp;
use uuid::Uuid;

use crate::error::{Error, to_integer};

/// What belongs to a conversation, those that refer to others first, with the column that names it.
const OF_CONVERSATIONS: [(&str, &str); 6] = [
    ("runs", "conversation_id"),
    ("changes", "conversation_id"),
    ("messages", "conversation_id"),
    ("lanes", "conversation_id"),
    ("lane_refusals", "conversation_id"),
    ("conversations", "id"),
];

/// Removes at most `limit` conversations whose time is over, whoever has them; answers how many. In a transaction that has begun.
pub(crate) async fn remove_expired(
    client: &ClientWrapper,
    now: Timestamp,
    limit: usize,
) -> Result<usize, Error> {
    let statement = client
        .prepare_cached(
            "SELECT owner_id, id FROM conversations WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
        )
        .await?;
    let limit = to_integer(limit as u64, "the limit")?;
    let rows = client
        .query(&statement, &[&now.as_millisecond(), &limit])
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let owners: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(1)).collect();
    // Whoever writes the owners' rows waits, and finds nothing then.
    let statement = client
        .prepare_cached("SELECT id FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .await?;
    client.query(&statement, &[&owners]).await?;
    let statement = client
        .prepare_cached(
            "DELETE FROM run_events USING runs, unnest($1::uuid[], $2::uuid[]) AS gone (owner_id, id) \
             WHERE runs.owner_id = gone.owner_id AND runs.conversation_id = gone.id \
             AND run_events.owner_id = runs.owner_id AND run_events.run_id = runs.id",
        )
        .await?;
    client.execute(&statement, &[&owners, &ids]).await?;
    let mut removed = 0;
    for (table, column) in OF_CONVERSATIONS {
        let sql = format!(
            "DELETE FROM {table} USING unnest($1::uuid[], $2::uuid[]) AS gone (owner_id, id) \
             WHERE {table}.owner_id = gone.owner_id AND {table}.{column} = gone.id"
        );
        let statement = client.prepare_cached(&sql).await?;
        // The last are the conversations themselves; another process may have removed some of them just now.
        removed = client.execute(&statement, &[&owners, &ids]).await?;
    }
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}
