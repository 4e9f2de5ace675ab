//! The port of the audit log.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::audit::{
    AuditDraft, AuditEntry, AuditHash, AuditHead, AuditKind, AuditRow, UnreadableAuditEntry,
};
use manent_accounts::ports::{AuditFilter, AuditRepository};
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use tokio_postgres::Row;

use super::rows::{bytes, execute, limit, many, one, parsed_option, user_id_option};
use crate::error::{Error, to_integer};
use crate::rows::{count, get, parsed, timestamp, unreadable};
use crate::store::PostgresStore;

const COLUMNS: &str = "number, at, kind, actor_id, account_id, address, detail, previous, hash";

const LOCKED_HEAD: &str = "SELECT number, hash FROM audit_head WHERE id = 1 FOR UPDATE";

/// Appends to the log. The last thing of a unit: whoever comes next waits for its commit.
pub(super) async fn tell(
    client: &ClientWrapper,
    draft: AuditDraft,
    at: Timestamp,
) -> Result<AuditEntry, Error> {
    let entry = read_head(client, LOCKED_HEAD).await?.next(draft, at);
    write(client, &entry).await?;
    Ok(entry)
}

/// Writes an entry as it was in another store; one that is there already stays.
pub(super) async fn import(client: &ClientWrapper, entry: &AuditEntry) -> Result<(), Error> {
    if entry.number > read_head(client, LOCKED_HEAD).await?.number {
        write(client, entry).await?;
    }
    Ok(())
}

/// Writes an entry and that it is the end of the log.
async fn write(client: &ClientWrapper, entry: &AuditEntry) -> Result<(), Error> {
    let detail = serde_json::to_string(&entry.detail).map_err(|_| Error::Unfit {
        what: "the detail of an entry of the audit log",
    })?;
    let number = to_integer(entry.number, "a number of the audit log")?;
    let sql = format!("INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    execute(
        client,
        &sql,
        &[
            &number,
            &entry.at.as_millisecond(),
            &entry.kind.as_str(),
            &entry.actor.as_ref().map(UserId::as_uuid),
            &entry.account.as_ref().map(UserId::as_uuid),
            &entry.address.map(|address| address.to_string()),
            &detail,
            &&entry.previous.as_bytes()[..],
            &&entry.hash.as_bytes()[..],
        ],
    )
    .await?;
    let sql = "UPDATE audit_head SET number = $1, hash = $2 WHERE id = 1";
    execute(client, sql, &[&number, &&entry.hash.as_bytes()[..]]).await?;
    Ok(())
}

async fn read_head(client: &ClientWrapper, sql: &str) -> Result<AuditHead, Error> {
    let row = one(client, sql, &[]).await?;
    let row = row.ok_or_else(|| unreadable("audit_head.number"))?;
    Ok(AuditHead {
        number: count(&row, 0, "audit_head.number")?,
        hash: AuditHash::from_bytes(bytes(&row, 1, "audit_head.hash")?),
    })
}

/// The end of the log; absent when it is missing or cannot be read.
async fn find_head(client: &ClientWrapper) -> Result<Option<AuditHead>, Error> {
    let sql = "SELECT number, hash FROM audit_head WHERE id = 1";
    match read_head(client, sql).await {
        Ok(head) => Ok(Some(head)),
        Err(Error::Unreadable { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The row's entry, or which column holds what is never written.
fn row(row: &Row) -> Result<AuditRow, Error> {
    match entry(row) {
        Ok(entry) => Ok(Ok(entry)),
        Err(Error::Unreadable { column }) => Ok(Err(UnreadableAuditEntry {
            number: count(row, 0, "audit.number")?,
            column,
        })),
        Err(error) => Err(error),
    }
}

fn entry(row: &Row) -> Result<AuditEntry, Error> {
    let detail: BTreeMap<String, String> = serde_json::from_str(get(row, 6, "audit.detail")?)
        .map_err(|_| unreadable("audit.detail"))?;
    Ok(AuditEntry {
        number: count(row, 0, "audit.number")?,
        at: timestamp(row, 1, "audit.at")?,
        kind: parsed(row, 2, "audit.kind")?,
        actor: user_id_option(row, 3, "audit.actor_id")?,
        account: user_id_option(row, 4, "audit.account_id")?,
        address: parsed_option(row, 5, "audit.address")?,
        detail,
        previous: AuditHash::from_bytes(bytes(row, 7, "audit.previous")?),
        hash: AuditHash::from_bytes(bytes(row, 8, "audit.hash")?),
    })
}

async fn list(
    client: &ClientWrapper,
    filter: &AuditFilter,
    before: Option<u64>,
    most: usize,
) -> Result<Vec<AuditRow>, Error> {
    // No number lies beyond what the column can hold.
    let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let account = filter.account.as_ref().map(UserId::as_uuid);
    let kind = filter.kind.map(AuditKind::as_str);
    // Words of the statement and not parameters, so that each filter has its index.
    let of_account = if account.is_some() {
        "number IN (SELECT number FROM audit WHERE account_id = $3 UNION ALL SELECT number FROM audit WHERE actor_id = $3)"
    } else {
        "$3::uuid IS NULL"
    };
    let of_kind = if kind.is_some() {
        "kind = $4"
    } else {
        "$4::text IS NULL"
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE number > 0 AND number < $1 AND {of_account} AND {of_kind} ORDER BY number DESC LIMIT $2"
    );
    let rows = many(client, &sql, &[&before, &limit(most)?, &account, &kind]).await?;
    rows.iter().map(row).collect()
}

pub(super) async fn read(
    client: &ClientWrapper,
    after: u64,
    most: usize,
) -> Result<Vec<AuditRow>, Error> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE number > $1 ORDER BY number LIMIT $2");
    let rows = many(client, &sql, &[&after, &limit(most)?]).await?;
    rows.iter().map(row).collect()
}

#[async_trait]
impl AuditRepository for PostgresStore {
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError> {
        self.unit(|client| Box::pin(tell(client, draft.clone(), now)))
            .await
    }

    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                let filter = filter.clone();
                Box::pin(async move { list(client, &filter, before, limit).await })
            })
            .await
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| Box::pin(read(client, after, limit)))
            .await
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        let connections = &self.opened.connections;
        connections.read(|client| Box::pin(find_head(client))).await
    }
}
