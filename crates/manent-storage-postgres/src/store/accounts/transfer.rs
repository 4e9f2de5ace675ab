//! Moving accounts: each kind in the order of its table's key.

use deadpool_postgres::ClientWrapper;
use manent_accounts::audit::{AuditRow, UnreadableAuditEntry};
use manent_accounts::transfer::AccountRecord;
use manent_domain::ports::StoreError;
use manent_domain::transfer::{RecordKind, TransferRecord};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many};
use super::{api_keys, audit, budgets, links, provider_keys, repository, roles};
use crate::error::Error;
use crate::rows::{unreadable, user_id};
use crate::store::PostgresStore;

/// What becomes of an account that is there already.
const REPLACE_ACCOUNT: &str = "ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email, email_verified = EXCLUDED.email_verified, \
     username = EXCLUDED.username, name = EXCLUDED.name, role = EXCLUDED.role, status = EXCLUDED.status, provider = EXCLUDED.provider, \
     openid_issuer = EXCLUDED.openid_issuer, openid_subject = EXCLUDED.openid_subject, password = EXCLUDED.password, \
     two_factor = EXCLUDED.two_factor, terms_accepted_at = EXCLUDED.terms_accepted_at, created_at = EXCLUDED.created_at, \
     updated_at = EXCLUDED.updated_at";

impl PostgresStore {
    /// At most `limit` records of a kind of accounts after the given one.
    pub(in crate::store) async fn export_accounts(
        &self,
        kind: RecordKind,
        after: Option<&TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        let after = read_accounts(after)?.pop();
        let connections = &self.opened.connections;
        let rows = connections.read(|client| {
            let after = after.clone();
            Box::pin(async move { export(client, kind, after.as_ref(), limit).await })
        });
        Ok(rows.await?.iter().map(AccountRecord::record).collect())
    }
}

/// Writes rows in place of those that have their keys; entries of the audit log that are there stay.
pub(in crate::store) async fn import_accounts(
    client: &ClientWrapper,
    rows: &[AccountRecord],
) -> Result<(), Error> {
    for row in rows {
        import(client, row).await?;
    }
    Ok(())
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

/// A page of a table in the order of a key.
async fn page(
    client: &ClientWrapper,
    (columns, table, key): (&str, &str, &[&str]),
    after: Option<&[&(dyn ToSql + Sync)]>,
    most: usize,
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let most = limit(most)?;
    let order = key.join(", ");
    let after = after.unwrap_or_default();
    let mut values = after.to_vec();
    values.push(&most);
    let places: Vec<_> = (1..=after.len())
        .map(|number| format!("${number}"))
        .collect();
    let condition = if places.is_empty() {
        String::new()
    } else {
        format!("WHERE ({order}) > ({})", places.join(", "))
    };
    let number = values.len();
    let sql = format!("SELECT {columns} FROM {table} {condition} ORDER BY {order} LIMIT ${number}");
    many(client, &sql, &values).await
}

async fn export(
    client: &ClientWrapper,
    kind: RecordKind,
    after: Option<&AccountRecord>,
    most: usize,
) -> Result<Vec<AccountRecord>, Error> {
    match kind {
        RecordKind::Account => {
            let after: Option<Uuid> = match after {
                Some(AccountRecord::Account(account)) => Some(account.id.as_uuid()),
                _ => None,
            };
            let key = after.as_ref().map(|id| [id as &(dyn ToSql + Sync)]);
            let from = (ACCOUNT_COLUMNS, "accounts", &["id"][..]);
            let rows = page(client, from, key.as_ref().map(<[_; 1]>::as_slice), most).await?;
            let read = |row| Ok(AccountRecord::Account(Box::new(account(row, 0)?)));
            rows.iter().map(read).collect()
        }
        RecordKind::Role => {
            let after = after.map(AccountRecord::key);
            let key = after.as_ref().map(|name| [name as &(dyn ToSql + Sync)]);
            let from = ("name, overrides, updated_at", "roles", &["name"][..]);
            let rows = page(client, from, key.as_ref().map(<[_; 1]>::as_slice), most).await?;
            let read = |row| Ok(AccountRecord::Role(roles::stored(row)?));
            rows.iter().map(read).collect()
        }
        RecordKind::OneTimeLink => {
            let after = match after {
                Some(AccountRecord::Link(link)) => Some(link.digest.as_bytes().to_vec()),
                _ => None,
            };
            let key = after.as_ref().map(|digest| [digest as &(dyn ToSql + Sync)]);
            let from = (links::COLUMNS, "one_time_links", &["digest"][..]);
            let rows = page(client, from, key.as_ref().map(<[_; 1]>::as_slice), most).await?;
            let read = |row| Ok(AccountRecord::Link(links::link(row)?));
            rows.iter().map(read).collect()
        }
        RecordKind::ApiKey => {
            let after: Option<Uuid> = match after {
                Some(AccountRecord::ApiKey(key)) => Some(key.id.as_uuid()),
                _ => None,
            };
            let key = after.as_ref().map(|id| [id as &(dyn ToSql + Sync)]);
            let from = (api_keys::COLUMNS, "api_keys", &["id"][..]);
            let rows = page(client, from, key.as_ref().map(<[_; 1]>::as_slice), most).await?;
            let read = |row| Ok(AccountRecord::ApiKey(api_keys::key(row)?));
            rows.iter().map(read).collect()
        }
        RecordKind::ProviderKey => {
            let after = match after {
                Some(AccountRecord::ProviderKey(key)) => {
                    Some((key.owner.as_uuid(), key.endpoint.as_str()))
                }
                _ => None,
            };
            let key = after
                .as_ref()
                .map(|(owner, endpoint)| [owner as &(dyn ToSql + Sync), endpoint]);
            let order = &["account_id", "endpoint"][..];
            let from = (provider_keys::COLUMNS, "provider_keys", order);
            let rows = page(client, from, key.as_ref().map(<[_; 2]>::as_slice), most).await?;
            let read = |row| Ok(AccountRecord::ProviderKey(provider_keys::key(row)?));
            rows.iter().map(read).collect()
        }
        RecordKind::Audit => {
            let after = match after {
                Some(AccountRecord::Audit(entry)) => entry.number,
                _ => 0,
            };
            let entries = audit::read(client, after, most).await?;
            let whole = |row: AuditRow| match row {
                Ok(entry) => Ok(AccountRecord::Audit(entry)),
                Err(UnreadableAuditEntry { column, .. }) => Err(unreadable(column)),
            };
            entries.into_iter().map(whole).collect()
        }
        RecordKind::Budget => export_standings(client, after, most).await,
        RecordKind::Reservation => export_reservations(client, after, most).await,
        _ => Ok(Vec::new()),
    }
}

async fn export_standings(
    client: &ClientWrapper,
    after: Option<&AccountRecord>,
    most: usize,
) -> Result<Vec<AccountRecord>, Error> {
    let after = match after {
        Some(AccountRecord::Standing { owner, period, .. }) => Some((
            owner.as_uuid(),
            period.starts_at.as_millisecond(),
            period.ends_at.as_millisecond(),
        )),
        _ => None,
    };
    let key = after
        .as_ref()
        .map(|(owner, starts_at, ends_at)| [owner as &(dyn ToSql + Sync), starts_at, ends_at]);
    let columns = format!(
        "{}, owner_id, starts_at, ends_at",
        budgets::STANDING_COLUMNS
    );
    let order = &["owner_id", "starts_at", "ends_at"][..];
    let from = (columns.as_str(), "budget_standings", order);
    let rows = page(client, from, key.as_ref().map(<[_; 3]>::as_slice), most).await?;
    let read = |row| {
        Ok(AccountRecord::Standing {
            owner: user_id(row, 6, "budget_standings.owner_id")?,
            period: budgets::period(row, 7)?,
            standing: budgets::read_standing(row)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn export_reservations(
    client: &ClientWrapper,
    after: Option<&AccountRecord>,
    most: usize,
) -> Result<Vec<AccountRecord>, Error> {
    let after = match after {
        Some(AccountRecord::Reservation { owner, reservation }) => {
            Some((owner.as_uuid(), reservation.id.as_uuid()))
        }
        _ => None,
    };
    let key = after
        .as_ref()
        .map(|(owner, run)| [owner as &(dyn ToSql + Sync), run]);
    let columns = format!("{}, owner_id", budgets::RESERVATION_COLUMNS);
    let order = &["owner_id", "run_id"][..];
    let from = (columns.as_str(), "budget_reservations", order);
    let rows = page(client, from, key.as_ref().map(<[_; 2]>::as_slice), most).await?;
    let read = |row| {
        Ok(AccountRecord::Reservation {
            owner: user_id(row, 8, "budget_reservations.owner_id")?,
            reservation: budgets::reservation(row)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn import(client: &ClientWrapper, row: &AccountRecord) -> Result<(), Error> {
    match row {
        AccountRecord::Account(account) => {
            repository::insert(client, account, REPLACE_ACCOUNT).await
        }
        AccountRecord::Role(role) => roles::write(client, role).await,
        AccountRecord::Link(link) => {
            let sql = "DELETE FROM one_time_links WHERE digest = $1";
            execute(client, sql, &[&&link.digest.as_bytes()[..]]).await?;
            links::insert(client, link).await
        }
        AccountRecord::ApiKey(key) => {
            let sql = "DELETE FROM api_keys WHERE id = $1";
            execute(client, sql, &[&key.id.as_uuid()]).await?;
            api_keys::insert(client, key).await
        }
        AccountRecord::ProviderKey(key) => provider_keys::insert(client, key).await,
        AccountRecord::Audit(entry) => audit::import(client, entry).await,
        AccountRecord::Standing {
            owner,
            period,
            standing,
        } => {
            budgets::lock_standing(client, *owner, *period).await?;
            budgets::write_standing(client, *owner, *period, standing).await
        }
        AccountRecord::Reservation { owner, reservation } => {
            let sql = "DELETE FROM budget_reservations WHERE owner_id = $1 AND run_id = $2";
            let key = (owner.as_uuid(), reservation.id.as_uuid());
            execute(client, sql, &[&key.0, &key.1]).await?;
            budgets::insert(client, *owner, reservation).await?;
            Ok(())
        }
    }
}
