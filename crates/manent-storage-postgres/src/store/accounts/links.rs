//! The port of one-time links.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::account::AccountStatus;
use manent_accounts::audit::AuditDraft;
use manent_accounts::email::EmailAddress;
use manent_accounts::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use manent_accounts::ports::OneTimeLinkRepository;
use manent_accounts::role::RoleName;
use manent_accounts::secret::SecretDigest;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use tokio_postgres::Row;

use super::audit::tell;
use super::repository::lock;
use super::rows::{bytes, execute, limit, many, one, parsed_option, role, size, user_id_option};
use crate::error::Error;
use crate::rows::{parsed, timestamp, timestamp_option};
use crate::store::PostgresStore;

pub(super) const COLUMNS: &str =
    "digest, purpose, account_id, email, role, invited_by, created_at, expires_at, used_at";

pub(super) fn link(row: &Row) -> Result<OneTimeLink, Error> {
    let subject = match user_id_option(row, 2, "one_time_links.account_id")? {
        Some(account) => LinkSubject::Account {
            account,
            email: parsed(row, 3, "one_time_links.email")?,
        },
        None => LinkSubject::Invited {
            email: parsed_option(row, 3, "one_time_links.email")?,
            role: role(row, 4, "one_time_links.role")?,
            by: user_id_option(row, 5, "one_time_links.invited_by")?,
        },
    };
    Ok(OneTimeLink {
        digest: SecretDigest::from_bytes(bytes(row, 0, "one_time_links.digest")?),
        purpose: parsed(row, 1, "one_time_links.purpose")?,
        subject,
        created_at: timestamp(row, 6, "one_time_links.created_at")?,
        expires_at: timestamp(row, 7, "one_time_links.expires_at")?,
        used_at: timestamp_option(row, 8, "one_time_links.used_at")?,
    })
}

/// A link, locked so that it is used once.
pub(super) async fn find_locked(
    client: &ClientWrapper,
    digest: SecretDigest,
) -> Result<Option<OneTimeLink>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM one_time_links WHERE digest = $1 FOR UPDATE");
    let row = one(client, &sql, &[&&digest.as_bytes()[..]]).await?;
    row.as_ref().map(link).transpose()
}

pub(super) async fn insert(client: &ClientWrapper, link: &OneTimeLink) -> Result<(), Error> {
    let (account, email, role, by) = match &link.subject {
        LinkSubject::Account { account, email } => (Some(account), Some(email), None, None),
        LinkSubject::Invited { email, role, by } => (None, email.as_ref(), Some(role), by.as_ref()),
    };
    let sql = format!(
        "INSERT INTO one_time_links ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    execute(
        client,
        &sql,
        &[
            &&link.digest.as_bytes()[..],
            &link.purpose.as_str(),
            &account.map(UserId::as_uuid),
            &email.map(EmailAddress::as_str),
            &role.map(RoleName::as_str),
            &by.map(UserId::as_uuid),
            &link.created_at.as_millisecond(),
            &link.expires_at.as_millisecond(),
            &link.used_at.map(Timestamp::as_millisecond),
        ],
    )
    .await?;
    Ok(())
}

/// Notes that a link was used.
pub(super) async fn write_use(client: &ClientWrapper, link: &OneTimeLink) -> Result<(), Error> {
    let used_at = link.used_at.map(Timestamp::as_millisecond);
    let sql = "UPDATE one_time_links SET used_at = $2 WHERE digest = $1";
    execute(client, sql, &[&&link.digest.as_bytes()[..], &used_at]).await?;
    Ok(())
}

/// Deletes the unused links of an account for a purpose.
pub(super) async fn drop_unused(
    client: &ClientWrapper,
    account: UserId,
    purpose: LinkPurpose,
) -> Result<(), Error> {
    let sql =
        "DELETE FROM one_time_links WHERE account_id = $1 AND purpose = $2 AND used_at IS NULL";
    execute(client, sql, &[&account.as_uuid(), &purpose.as_str()]).await?;
    Ok(())
}

async fn create(
    client: &ClientWrapper,
    link: &OneTimeLink,
    audit: AuditDraft,
) -> Result<bool, Error> {
    if let LinkSubject::Account { account, email } = &link.subject {
        let found = lock(client, *account).await?;
        let is_current = found.is_some_and(|account| {
            account.status == AccountStatus::Active && account.email == *email
        });
        if !is_current {
            return Ok(false);
        }
        drop_unused(client, *account, link.purpose).await?;
    }
    insert(client, link).await?;
    tell(client, audit, link.created_at).await?;
    Ok(true)
}

async fn revoke(
    client: &ClientWrapper,
    digest: SecretDigest,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<bool, Error> {
    let sql = "DELETE FROM one_time_links WHERE digest = $1 AND used_at IS NULL";
    let is_revoked = execute(client, sql, &[&&digest.as_bytes()[..]]).await? > 0;
    if is_revoked {
        tell(client, audit, now).await?;
    }
    Ok(is_revoked)
}

#[async_trait]
impl OneTimeLinkRepository for PostgresStore {
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError> {
        self.unit(|client| {
            let (link, audit) = (link.clone(), audit.clone());
            Box::pin(async move { create(client, &link, audit).await })
        })
        .await
    }

    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM one_time_links WHERE digest = $1");
                    let row = one(client, &sql, &[&&digest.as_bytes()[..]]).await?;
                    row.as_ref().map(link).transpose()
                })
            })
            .await
    }

    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM one_time_links WHERE purpose = $1 AND used_at IS NULL AND expires_at > $2 \
                         ORDER BY created_at DESC, digest DESC LIMIT $3"
                    );
                    let (purpose, now) = (purpose.as_str(), now.as_millisecond());
                    let rows = many(client, &sql, &[&purpose, &now, &limit(most)?]).await?;
                    rows.iter().map(link).collect()
                })
            })
            .await
    }

    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        self.unit(|client| Box::pin(revoke(client, digest, now, audit.clone())))
            .await
    }

    async fn clear(&self, expired_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.unit(|client| {
            Box::pin(async move {
                let sql = "DELETE FROM one_time_links WHERE digest IN (SELECT digest FROM one_time_links WHERE expires_at < $1 \
                     ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
                let before = expired_before.as_millisecond();
                Ok(size(execute(client, sql, &[&before, &limit(most)?]).await?))
            })
        })
        .await
    }
}
