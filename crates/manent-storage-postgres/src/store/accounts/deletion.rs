//! Deleting an account with everything that it owns.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use manent_accounts::account_change::plan_removal;
use manent_accounts::audit::AuditDraft;
use manent_accounts::ports::Deleted;
use manent_types::{Timestamp, UserId};

use super::audit::tell;
use super::change::other_active_administrators;
use super::repository::{lock, lock_all};
use super::rows::{execute, one};
use crate::error::Error;

/// How long it may take: what somebody wrote in years.
pub(super) const TIME: Duration = Duration::from_mins(5);

/// The tables of accounts and the column that names the owner; before `accounts`, to which some of them refer.
const OF_ACCOUNTS: [(&str, &str); 7] = [
    ("sessions", "account_id"),
    ("one_time_links", "account_id"),
    ("api_keys", "account_id"),
    ("provider_keys", "account_id"),
    ("budget_reservations", "owner_id"),
    ("budget_standings", "owner_id"),
    ("accounts", "id"),
];

/// The tables of what an owner wrote, those that refer to others first.
const OF_OWNERS: [&str; 9] = [
    "documents",
    "feed",
    "run_events",
    "runs",
    "changes",
    "messages",
    "lanes",
    "lane_refusals",
    "conversations",
];

/// Deletes an account, if it is there and need not stay.
pub(super) async fn delete(
    client: &ClientWrapper,
    id: UserId,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<Deleted, Error> {
    lock_all(client).await?;
    let owner = id.as_uuid();
    // Whoever writes the owner's rows waits, and finds nothing then.
    let sql = "SELECT id FROM users WHERE id = $1 FOR UPDATE";
    one(client, sql, &[&owner]).await?;
    let Some(account) = lock(client, id).await? else {
        return Ok(Deleted::Unknown);
    };
    let others = other_active_administrators(client, id).await?;
    if let Err(refusal) = plan_removal(&account, others) {
        return Ok(Deleted::Refused(refusal));
    }
    for (table, column) in OF_ACCOUNTS {
        let sql = format!("DELETE FROM {table} WHERE {column} = $1");
        execute(client, &sql, &[&owner]).await?;
    }
    for table in OF_OWNERS {
        let sql = format!("DELETE FROM {table} WHERE owner_id = $1");
        execute(client, &sql, &[&owner]).await?;
    }
    execute(client, "DELETE FROM users WHERE id = $1", &[&owner]).await?;
    tell(client, audit, now).await?;
    Ok(Deleted::Gone(Box::new(account)))
}
