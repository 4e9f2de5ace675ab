//! The port of the audit log.

use std::collections::BTreeMap;

use async_trait::async_trait;
use manent_accounts::audit::{
    AuditDraft, AuditEntry, AuditHash, AuditHead, AuditKind, AuditRow, UnreadableAuditEntry,
};
use manent_accounts::ports::{AuditFilter, AuditRepository};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;
use rusqlite::{Connection, Row, params};

use super::rows::{execute, limit, many, one};
use crate::error::{Error, to_count, to_integer};
use crate::rows::{parsed, parsed_option, text, timestamp, unreadable};
use crate::store::SqliteStore;

const COLUMNS: &str = "number, at, kind, actor_id, account_id, address, detail, previous, hash";

/// Appends to the log.
pub(super) fn tell(
    connection: &Connection,
    draft: AuditDraft,
    at: Timestamp,
) -> Result<AuditEntry, Error> {
    let entry = head(connection)?.next(draft, at);
    write(connection, &entry)?;
    Ok(entry)
}

/// Writes an entry as it was in another store; one that is there already stays.
pub(super) fn import(connection: &Connection, entry: &AuditEntry) -> Result<(), Error> {
    if entry.number > head(connection)?.number {
        write(connection, entry)?;
    }
    Ok(())
}

/// Writes an entry and that it is the end of the log.
fn write(connection: &Connection, entry: &AuditEntry) -> Result<(), Error> {
    let detail = serde_json::to_string(&entry.detail).map_err(|_| Error::Unfit {
        what: "the detail of an entry of the audit log",
    })?;
    let sql = format!("INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    let values = params![
        to_integer(entry.number, "a number of the audit log")?,
        entry.at.as_millisecond(),
        entry.kind.as_str(),
        entry.actor.map(|id| id.to_string()),
        entry.account.map(|id| id.to_string()),
        entry.address.map(|address| address.to_string()),
        detail,
        entry.previous.as_bytes(),
        entry.hash.as_bytes(),
    ];
    execute(connection, &sql, values)?;
    let number = to_integer(entry.number, "a number of the audit log")?;
    execute(
        connection,
        "UPDATE audit_head SET number = ?1, hash = ?2 WHERE id = 1",
        params![number, entry.hash.as_bytes()],
    )?;
    Ok(())
}

fn head(connection: &Connection) -> Result<AuditHead, Error> {
    find_head(connection)?.ok_or_else(|| unreadable("audit_head.number"))
}

/// The end of the log; absent when it is missing or cannot be read.
fn find_head(connection: &Connection) -> Result<Option<AuditHead>, Error> {
    let sql = "SELECT number, hash FROM audit_head WHERE id = 1";
    let head = one(connection, sql, [], |row| {
        let number = row
            .get(0)
            .ok()
            .and_then(|number: i64| u64::try_from(number).ok());
        let hash = row.get(1).ok().map(AuditHash::from_bytes);
        Ok(number.zip(hash))
    })?;
    Ok(head
        .flatten()
        .map(|(number, hash)| AuditHead { number, hash }))
}

/// The row's entry, or which column holds what is never written.
fn row(row: &Row<'_>) -> Result<AuditRow, Error> {
    match entry(row) {
        Ok(entry) => Ok(Ok(entry)),
        Err(Error::Unreadable { column }) => Ok(Err(UnreadableAuditEntry {
            number: to_count(row.get(0)?, "audit.number")?,
            column,
        })),
        Err(error) => Err(error),
    }
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, Error> {
    let detail: BTreeMap<String, String> = serde_json::from_str(text(row, 6, "audit.detail")?)
        .map_err(|_| unreadable("audit.detail"))?;
    let hash = |index, column| {
        let hash = row.get(index).map(AuditHash::from_bytes);
        hash.map_err(|_| unreadable(column))
    };
    Ok(AuditEntry {
        number: to_count(row.get(0)?, "audit.number")?,
        at: timestamp(row, 1, "audit.at").map_err(|_| unreadable("audit.at"))?,
        kind: parsed(row, 2, "audit.kind")?,
        actor: parsed_option(row, 3, "audit.actor_id")?,
        account: parsed_option(row, 4, "audit.account_id")?,
        address: parsed_option(row, 5, "audit.address")?,
        detail,
        previous: hash(7, "audit.previous")?,
        hash: hash(8, "audit.hash")?,
    })
}

fn list(
    connection: &Connection,
    filter: &AuditFilter,
    before: Option<u64>,
    most: usize,
) -> Result<Vec<AuditRow>, Error> {
    let account = filter.account.map(|account| account.to_string());
    let kind = filter.kind.map(AuditKind::as_str);
    // No number lies beyond what the column can hold.
    let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    // Words of the statement and not parameters, so that each filter has its index.
    let of_account = if account.is_some() {
        "AND number IN (SELECT number FROM audit WHERE account_id = ?3 UNION ALL SELECT number FROM audit WHERE actor_id = ?3)"
    } else {
        "AND ?3 IS NULL"
    };
    let of_kind = if kind.is_some() {
        "AND kind = ?4"
    } else {
        "AND ?4 IS NULL"
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE number > 0 AND number < ?1 {of_account} {of_kind} ORDER BY number DESC LIMIT ?2"
    );
    let values = params![before, limit(most)?, account, kind];
    many(connection, &sql, values, row)
}

pub(super) fn read(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<AuditRow>, Error> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2");
    many(connection, &sql, params![after, limit(most)?], row)
}

#[async_trait]
impl AuditRepository for SqliteStore {
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError> {
        self.write(move |unit| tell(unit.connection, draft.clone(), now))
            .await
    }

    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection| list(connection, &filter, before, limit))
            .await
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        SqliteStore::read(self, move |connection| read(connection, after, limit)).await
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        SqliteStore::read(self, find_head).await
    }
}
