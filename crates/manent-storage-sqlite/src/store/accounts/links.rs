//! The port of one-time links.

use async_trait::async_trait;
use manent_accounts::account::AccountStatus;
use manent_accounts::audit::AuditDraft;
use manent_accounts::email::EmailAddress;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::ports::OneTimeLinkRepository;
use manent_accounts::role::RoleName;
use manent_accounts::secret::SecretDigest;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::audit::tell;
use super::repository;
use super::rows::{execute, limit, many, one, role};
use crate::error::Error;
use crate::rows::{parsed, parsed_option, timestamp, timestamp_option};
use crate::store::SqliteStore;

pub(super) const COLUMNS: &str =
    "digest, purpose, account_id, email, role, invited_by, created_at, expires_at, used_at";

pub(super) fn link(row: &Row<'_>) -> Result<OneTimeLink, Error> {
    let subject = match parsed_option(row, 2, "one_time_links.account_id")? {
        Some(account) => LinkSubject::Account {
            account,
            email: parsed(row, 3, "one_time_links.email")?,
        },
        None => LinkSubject::Invited {
            email: parsed_option(row, 3, "one_time_links.email")?,
            role: role(row, 4, "one_time_links.role")?,
            by: parsed_option(row, 5, "one_time_links.invited_by")?,
        },
    };
    Ok(OneTimeLink {
        digest: SecretDigest::from_bytes(row.get(0)?),
        purpose: parsed(row, 1, "one_time_links.purpose")?,
        subject,
        created_at: timestamp(row, 6, "one_time_links.created_at")?,
        expires_at: timestamp(row, 7, "one_time_links.expires_at")?,
        used_at: timestamp_option(row, 8, "one_time_links.used_at")?,
    })
}

pub(super) fn find(
    connection: &Connection,
    digest: SecretDigest,
) -> Result<Option<OneTimeLink>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM one_time_links WHERE digest = ?1");
    one(connection, &sql, [digest.as_bytes()], link)
}

/// Inserts a link.
pub(super) fn insert(connection: &Connection, link: &OneTimeLink) -> Result<(), Error> {
    let (account, email, role, by) = match &link.subject {
        LinkSubject::Account { account, email } => (Some(account), Some(email), None, None),
        LinkSubject::Invited { email, role, by } => (None, email.as_ref(), Some(role), by.as_ref()),
    };
    let sql = format!(
        "INSERT INTO one_time_links ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let values = params![
        link.digest.as_bytes(),
        link.purpose.as_str(),
        account.map(UserId::to_string),
        email.map(EmailAddress::as_str),
        role.map(RoleName::as_str),
        by.map(UserId::to_string),
        link.created_at.as_millisecond(),
        link.expires_at.as_millisecond(),
        link.used_at.map(Timestamp::as_millisecond),
    ];
    execute(connection, &sql, values)?;
    Ok(())
}

/// Notes that a link was used.
pub(super) fn write_use(connection: &Connection, link: &OneTimeLink) -> Result<(), Error> {
    let used_at = link.used_at.map(Timestamp::as_millisecond);
    let sql = "UPDATE one_time_links SET used_at = ?2 WHERE digest = ?1";
    execute(connection, sql, params![link.digest.as_bytes(), used_at])?;
    Ok(())
}

/// Deletes the unused links of an account for a purpose.
pub(super) fn drop_unused(
    connection: &Connection,
    account: UserId,
    purpose: LinkPurpose,
) -> Result<(), Error> {
    let sql =
        "DELETE FROM one_time_links WHERE account_id = ?1 AND purpose = ?2 AND used_at IS NULL";
    execute(
        connection,
        sql,
        params![account.to_string(), purpose.as_str()],
    )?;
    Ok(())
}

fn create(connection: &Connection, link: &OneTimeLink) -> Result<bool, Error> {
    if let LinkSubject::Account { account, email } = &link.subject {
        let found = repository::find(connection, *account)?;
        let is_current = found.is_some_and(|account| {
            account.status == AccountStatus::Active && account.email == *email
        });
        if !is_current {
            return Ok(false);
        }
        drop_unused(connection, *account, link.purpose)?;
    }
    insert(connection, link)?;
    Ok(true)
}

#[async_trait]
impl OneTimeLinkRepository for SqliteStore {
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError> {
        self.write(move |unit| {
            let is_stored = create(unit.connection, &link)?;
            if is_stored {
                tell(unit.connection, audit.clone(), link.created_at)?;
            }
            Ok(is_stored)
        })
        .await
    }

    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError> {
        self.read(move |connection| find(connection, digest)).await
    }

    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM one_time_links WHERE purpose = ?1 AND used_at IS NULL AND expires_at > ?2 \
                 ORDER BY created_at DESC, digest DESC LIMIT ?3"
            );
            let values = params![purpose.as_str(), now.as_millisecond(), limit(most)?];
            many(connection, &sql, values, link)
        })
        .await
    }

    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        self.write(move |unit| {
            let sql = "DELETE FROM one_time_links WHERE digest = ?1 AND used_at IS NULL";
            let is_revoked = execute(unit.connection, sql, [digest.as_bytes()])? > 0;
            if is_revoked {
                tell(unit.connection, audit.clone(), now)?;
            }
            Ok(is_revoked)
        })
        .await
    }

    async fn clear(&self, expired_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.write(move |unit| {
            let sql = "DELETE FROM one_time_links WHERE digest IN \
                 (SELECT digest FROM one_time_links WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
            let values = params![expired_before.as_millisecond(), limit(most)?];
            execute(unit.connection, sql, values)
        })
        .await
    }
}
