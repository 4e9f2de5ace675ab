//! Moving accounts: each kind in the order of its table's key.

use manent_accounts::audit::{AuditRow, UnreadableAuditEntry};
use manent_accounts::transfer::AccountRecord;
use manent_domain::ports::StoreError;
use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_types::UserId;
use rusqlite::{Connection, params};

use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many};
use super::{api_keys, audit, budgets, links, provider_keys, repository, roles};
use crate::error::Error;
use crate::rows::{parsed, unreadable};
use crate::store::SqliteStore;
use crate::writer::Unit;

/// What becomes of an account that is there already.
const REPLACE_ACCOUNT: &str = "ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_verified = excluded.email_verified, \
     username = excluded.username, name = excluded.name, role = excluded.role, status = excluded.status, provider = excluded.provider, \
     openid_issuer = excluded.openid_issuer, openid_subject = excluded.openid_subject, password = excluded.password, \
     two_factor = excluded.two_factor, terms_accepted_at = excluded.terms_accepted_at, created_at = excluded.created_at, \
     updated_at = excluded.updated_at";

impl SqliteStore {
    /// At most `limit` records of a kind of accounts after the given one.
    pub(in crate::store) async fn export_accounts(
        &self,
        kind: RecordKind,
        after: Option<&TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        let after = read_accounts(after)?.pop();
        let rows = self.read(move |connection| export(connection, kind, after.as_ref(), limit));
        Ok(rows.await?.iter().map(AccountRecord::record).collect())
    }
}

/// The rows of accounts among records.
pub(in crate::store) fn read_accounts<'record>(
    records: impl IntoIterator<Item = &'record TransferRecord>,
) -> Result<Vec<AccountRecord>, StoreError> {
    let rows = records.into_iter().map(AccountRecord::read);
    let rows: Result<Vec<_>, _> = rows.collect();
    let rows = rows.map_err(|error| StoreError::Corrupt {
        detail: error.to_string(),
    })?;
    Ok(rows.into_iter().flatten().collect())
}

fn export(
    connection: &Connection,
    kind: RecordKind,
    after: Option<&AccountRecord>,
    most: usize,
) -> Result<Vec<AccountRecord>, Error> {
    let most = limit(most)?;
    match kind {
        RecordKind::Account => {
            let after = after.map_or_else(String::new, AccountRecord::key);
            let sql = format!(
                "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2"
            );
            many(connection, &sql, params![after, most], |row| {
                Ok(AccountRecord::Account(Box::new(account(row, 0)?)))
            })
        }
        RecordKind::Role => {
            let after = after.map_or_else(String::new, AccountRecord::key);
            let sql = "SELECT name, overrides, updated_at FROM roles WHERE name > ?1 ORDER BY name LIMIT ?2";
            many(connection, sql, params![after, most], |row| {
                Ok(AccountRecord::Role(roles::stored(row)?))
            })
        }
        RecordKind::OneTimeLink => {
            let after = match after {
                Some(AccountRecord::Link(link)) => link.digest.as_bytes().to_vec(),
                _ => Vec::new(),
            };
            let columns = links::COLUMNS;
            let sql = format!(
                "SELECT {columns} FROM one_time_links WHERE digest > ?1 ORDER BY digest LIMIT ?2"
            );
            many(connection, &sql, params![after, most], |row| {
                Ok(AccountRecord::Link(links::link(row)?))
            })
        }
        RecordKind::ApiKey => {
            let after = after.map_or_else(String::new, AccountRecord::key);
            let columns = api_keys::COLUMNS;
            let sql = format!("SELECT {columns} FROM api_keys WHERE id > ?1 ORDER BY id LIMIT ?2");
            many(connection, &sql, params![after, most], |row| {
                Ok(AccountRecord::ApiKey(api_keys::key(row)?))
            })
        }
        RecordKind::ProviderKey => {
            let (owner, endpoint) = match after {
                Some(AccountRecord::ProviderKey(key)) => {
                    (key.owner.to_string(), key.endpoint.as_str())
                }
                _ => (String::new(), ""),
            };
            let columns = provider_keys::COLUMNS;
            let sql = format!(
                "SELECT {columns} FROM provider_keys WHERE (account_id, endpoint) > (?1, ?2) ORDER BY account_id, endpoint LIMIT ?3"
            );
            many(connection, &sql, params![owner, endpoint, most], |row| {
                Ok(AccountRecord::ProviderKey(provider_keys::key(row)?))
            })
        }
        RecordKind::Audit => {
            let after = match after {
                Some(AccountRecord::Audit(entry)) => entry.number,
                _ => 0,
            };
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let entries = audit::read(connection, after, most)?;
            let whole = |row: AuditRow| match row {
                Ok(entry) => Ok(AccountRecord::Audit(entry)),
                Err(UnreadableAuditEntry { column, .. }) => Err(unreadable(column)),
            };
            entries.into_iter().map(whole).collect()
        }
        RecordKind::Budget => export_standings(connection, after, most),
        RecordKind::Reservation => export_reservations(connection, after, most),
        _ => Ok(Vec::new()),
    }
}

fn export_standings(
    connection: &Connection,
    after: Option<&AccountRecord>,
    most: i64,
) -> Result<Vec<AccountRecord>, Error> {
    let (owner, starts_at, ends_at) = match after {
        Some(AccountRecord::Standing { owner, period, .. }) => (
            owner.to_string(),
            period.starts_at.as_millisecond(),
            period.ends_at.as_millisecond(),
        ),
        _ => (String::new(), i64::MIN, i64::MIN),
    };
    let columns = budgets::STANDING_COLUMNS;
    let sql = format!(
        "SELECT {columns}, owner_id, starts_at, ends_at FROM budget_standings WHERE (owner_id, starts_at, ends_at) > (?1, ?2, ?3) \
         ORDER BY owner_id, starts_at, ends_at LIMIT ?4"
    );
    let values = params![owner, starts_at, ends_at, most];
    many(connection, &sql, values, |row| {
        Ok(AccountRecord::Standing {
            owner: parsed::<UserId>(row, 6, "budget_standings.owner_id")?,
            period: budgets::period(row, 7)?,
            standing: budgets::read_standing(row)?,
        })
    })
}

fn export_reservations(
    connection: &Connection,
    after: Option<&AccountRecord>,
    most: i64,
) -> Result<Vec<AccountRecord>, Error> {
    let (owner, run) = match after {
        Some(AccountRecord::Reservation { owner, reservation }) => {
            (owner.to_string(), reservation.id.to_string())
        }
        _ => (String::new(), String::new()),
    };
    let columns = budgets::RESERVATION_COLUMNS;
    let sql = format!(
        "SELECT {columns}, owner_id FROM budget_reservations WHERE (owner_id, run_id) > (?1, ?2) ORDER BY owner_id, run_id LIMIT ?3"
    );
    many(connection, &sql, params![owner, run, most], |row| {
        Ok(AccountRecord::Reservation {
            owner: parsed::<UserId>(row, 8, "budget_reservations.owner_id")?,
            reservation: budgets::reservation(row)?,
        })
    })
}

/// Writes rows in place of those that have their keys; entries of the audit log that are there stay.
pub(in crate::store) fn import_accounts(
    unit: &mut Unit<'_>,
    rows: &[AccountRecord],
) -> Result<(), Error> {
    let connection = unit.connection;
    for row in rows {
        match row {
            AccountRecord::Account(account) => {
                repository::insert(connection, account, REPLACE_ACCOUNT)?;
            }
            AccountRecord::Role(role) => roles::write(connection, role)?,
            AccountRecord::Link(link) => {
                let sql = "DELETE FROM one_time_links WHERE digest = ?1";
                execute(connection, sql, [link.digest.as_bytes()])?;
                links::insert(connection, link)?;
            }
            AccountRecord::ApiKey(key) => {
                let sql = "DELETE FROM api_keys WHERE id = ?1";
                execute(connection, sql, [key.id.to_string()])?;
                api_keys::insert(connection, key)?;
            }
            AccountRecord::ProviderKey(key) => provider_keys::insert(connection, key)?,
            AccountRecord::Audit(entry) => audit::import(connection, entry)?,
            AccountRecord::Standing {
                owner,
                period,
                standing,
            } => budgets::write_standing(connection, *owner, *period, standing)?,
            AccountRecord::Reservation { owner, reservation } => {
                budgets::write_reservation(connection, *owner, reservation)?;
            }
        }
    }
    Ok(())
}
