//! From rows to what accounts are made of.

use deadpool_postgres::ClientWrapper;
use manent_accounts::account::{Account, OpenIdIdentity};
use manent_accounts::name::DisplayName;
use manent_accounts::password::PasswordHash;
use manent_accounts::role::RoleName;
use manent_accounts::two_factor::TwoFactor;
use manent_accounts::username::Username;
use manent_types::UserId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::{Error, to_integer};
use crate::rows::{get, parsed, timestamp, timestamp_option, unreadable, user_id};

/// The first row, if there is one.
pub(super) async fn one(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Option<Row>, Error> {
    Ok(many(client, sql, values).await?.into_iter().next())
}

/// All rows.
pub(super) async fn many(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, values).await?)
}

/// Changes rows; answers how many.
pub(super) async fn execute(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<u64, Error> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, values).await?)
}

/// A limit as Postgres takes it.
pub(super) fn limit(limit: usize) -> Result<i64, Error> {
    to_integer(limit as u64, "the limit")
}

/// A count of rows.
pub(super) fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The columns that [`account`] reads, in its order.
pub(super) const ACCOUNT_COLUMNS: &str = "accounts.id, accounts.email, accounts.email_verified, accounts.username, accounts.name, \
     accounts.role, accounts.status, accounts.provider, accounts.openid_issuer, accounts.openid_subject, accounts.password, \
     accounts.two_factor, accounts.terms_accepted_at, accounts.created_at, accounts.updated_at";

/// The account whose columns begin at `at`.
pub(super) fn account(row: &Row, at: usize) -> Result<Account, Error> {
    let username: Option<String> = get(row, at + 3, "accounts.username")?;
    let username = username.map(Username::try_from).transpose();
    let issuer: Option<String> = get(row, at + 8, "accounts.openid_issuer")?;
    let subject: Option<String> = get(row, at + 9, "accounts.openid_subject")?;
    let password: Option<String> = get(row, at + 10, "accounts.password")?;
    let two_factor: Option<&str> = get(row, at + 11, "accounts.two_factor")?;
    Ok(Account {
        id: user_id(row, at, "accounts.id")?,
        email: parsed(row, at + 1, "accounts.email")?,
        email_verified: get(row, at + 2, "accounts.email_verified")?,
        username: username.map_err(|_| unreadable("accounts.username"))?,
        name: DisplayName::parse(get(row, at + 4, "accounts.name")?)
            .map_err(|_| unreadable("accounts.name"))?,
        role: role(row, at + 5, "accounts.role")?,
        status: parsed(row, at + 6, "accounts.status")?,
        provider: parsed(row, at + 7, "accounts.provider")?,
        openid: issuer
            .zip(subject)
            .map(|(issuer, subject)| OpenIdIdentity { issuer, subject }),
        password: password.map(PasswordHash::new),
        two_factor: TwoFactor::decode(two_factor).map_err(|_| unreadable("accounts.two_factor"))?,
        terms_accepted_at: timestamp_option(row, at + 12, "accounts.terms_accepted_at")?,
        created_at: timestamp(row, at + 13, "accounts.created_at")?,
        updated_at: timestamp(row, at + 14, "accounts.updated_at")?,
    })
}

/// A role's name.
pub(super) fn role(row: &Row, index: usize, column: &'static str) -> Result<RoleName, Error> {
    RoleName::parse(get(row, index, column)?).map_err(|_| unreadable(column))
}

/// A value that is written as text, or NULL.
pub(super) fn parsed_option<T: std::str::FromStr>(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<T>, Error> {
    let text: Option<&str> = get(row, index, column)?;
    text.map(str::parse)
        .transpose()
        .map_err(|_| unreadable(column))
}

pub(super) fn user_id_option(
    row: &Row,
    index: usize,
    column: &'static str,
) -> Result<Option<UserId>, Error> {
    let id: Option<Uuid> = get(row, index, column)?;
    Ok(id.map(UserId::new))
}

/// 32 bytes.
pub(super) fn bytes(row: &Row, index: usize, column: &'static str) -> Result<[u8; 32], Error> {
    let bytes: &[u8] = get(row, index, column)?;
    bytes.try_into().map_err(|_| unreadable(column))
}
