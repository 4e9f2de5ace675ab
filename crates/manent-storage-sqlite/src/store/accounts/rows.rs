//! From rows to what accounts are made of.

use manent_accounts::account::{Account, OpenIdIdentity};
use manent_accounts::name::DisplayName;
use manent_accounts::password::PasswordHash;
use manent_accounts::role::RoleName;
use manent_accounts::two_factor::TwoFactor;
use manent_accounts::username::Username;
use rusqlite::{Connection, Params, Row};

use crate::error::{Error, to_integer};
use crate::rows::{parsed, text, timestamp, timestamp_option, unreadable};

/// The first row, read.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    found.next()?.map(read).transpose()
}

/// All rows, read.
pub(super) fn many<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    let mut items = Vec::new();
    while let Some(row) = found.next()? {
        items.push(read(row)?);
    }
    Ok(items)
}

/// Changes rows; answers how many.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<usize, Error> {
    Ok(connection.prepare_cached(sql)?.execute(parameters)?)
}

/// A limit as SQLite takes it.
pub(super) fn limit(limit: usize) -> Result<i64, Error> {
    to_integer(limit as u64, "the limit")
}

/// The columns that [`account`] reads, in its order.
pub(super) const ACCOUNT_COLUMNS: &str = "accounts.id, accounts.email, accounts.email_verified, accounts.username, accounts.name, \
     accounts.role, accounts.status, accounts.provider, accounts.openid_issuer, accounts.openid_subject, accounts.password, \
     accounts.two_factor, accounts.terms_accepted_at, accounts.created_at, accounts.updated_at";

/// The account whose columns begin at `at`.
pub(super) fn account(row: &Row<'_>, at: usize) -> Result<Account, Error> {
    let username: Option<String> = row.get(at + 3)?;
    let username = username.map(Username::try_from).transpose();
    let issuer: Option<String> = row.get(at + 8)?;
    let subject: Option<String> = row.get(at + 9)?;
    let password: Option<String> = row.get(at + 10)?;
    let two_factor: Option<String> = row.get(at + 11)?;
    let two_factor = TwoFactor::decode(two_factor.as_deref());
    Ok(Account {
        id: parsed(row, at, "accounts.id")?,
        email: parsed(row, at + 1, "accounts.email")?,
        email_verified: row.get(at + 2)?,
        username: username.map_err(|_| unreadable("accounts.username"))?,
        name: DisplayName::parse(text(row, at + 4, "accounts.name")?)
            .map_err(|_| unreadable("accounts.name"))?,
        role: role(row, at + 5, "accounts.role")?,
        status: parsed(row, at + 6, "accounts.status")?,
        provider: parsed(row, at + 7, "accounts.provider")?,
        openid: issuer
            .zip(subject)
            .map(|(issuer, subject)| OpenIdIdentity { issuer, subject }),
        password: password.map(PasswordHash::new),
        two_factor: two_factor.map_err(|_| unreadable("accounts.two_factor"))?,
        terms_accepted_at: timestamp_option(row, at + 12, "accounts.terms_accepted_at")?,
        created_at: timestamp(row, at + 13, "accounts.created_at")?,
        updated_at: timestamp(row, at + 14, "accounts.updated_at")?,
    })
}

/// A role's name.
pub(super) fn role(row: &Row<'_>, index: usize, column: &'static str) -> Result<RoleName, Error> {
    RoleName::parse(text(row, index, column)?).map_err(|_| unreadable(column))
}
