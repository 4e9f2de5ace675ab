//! The port of accounts.

use async_trait::async_trait;
use manent_accounts::account::{Account, NewAccount, OpenIdIdentity};
use manent_accounts::account_change::{
    AccountChange, AccountRefusal, CreationFacts, CreationRefusal, plan_creation, plan_removal,
};
use manent_accounts::audit::AuditDraft;
use manent_accounts::email::EmailAddress;
use manent_accounts::password::PasswordHash;
use manent_accounts::ports::{AccountRepository, Changed, Deleted};
use manent_accounts::secret::SecretDigest;
use manent_accounts::username::Username;
use manent_domain::conversation::Page;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use rusqlite::{Connection, params};

use super::audit::tell;
use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many, one};
use super::{change, deletion, links};
use crate::error::{Error, to_count};
use crate::store::SqliteStore;
use crate::writer::Unit;

pub(super) fn find(connection: &Connection, id: UserId) -> Result<Option<Account>, Error> {
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = ?1");
    one(connection, &sql, [id.to_string()], |row| account(row, 0))
}

pub(super) fn find_by_email(
    connection: &Connection,
    email: &EmailAddress,
) -> Result<Option<Account>, Error> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE email IN (?1, ?2) ORDER BY email = ?1 DESC LIMIT 1"
    );
    one(connection, &sql, email.forms(), |row| account(row, 0))
}

pub(super) fn find_by_openid(
    connection: &Connection,
    identity: &OpenIdIdentity,
) -> Result<Option<Account>, Error> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE openid_issuer = ?1 AND openid_subject = ?2"
    );
    let values = params![identity.issuer, identity.subject];
    one(connection, &sql, values, |row| account(row, 0))
}

pub(super) fn other_active_administrators(
    connection: &Connection,
    id: UserId,
) -> Result<u64, Error> {
    let sql =
        "SELECT count(*) FROM accounts WHERE role = 'ADMIN' AND status = 'active' AND id <> ?1";
    let count = one(connection, sql, [id.to_string()], |row| {
        to_count(row.get(0)?, "accounts.id")
    })?;
    Ok(count.unwrap_or(0))
}

fn count(connection: &Connection) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM accounts";
    let count = one(connection, sql, [], |row| {
        to_count(row.get(0)?, "accounts.id")
    })?;
    Ok(count.unwrap_or(0))
}

/// Inserts an account. `if_known` says what becomes of one with its id.
pub(super) fn insert(
    connection: &Connection,
    account: &Account,
    if_known: &str,
) -> Result<(), Error> {
    let openid = account.openid.as_ref();
    let sql = format!(
        "INSERT INTO accounts (id, email, email_verified, username, name, role, status, provider, openid_issuer, openid_subject, password, \
         two_factor, terms_accepted_at, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) {if_known}"
    );
    execute(
        connection,
        &sql,
        params![
            account.id.to_string(),
            account.email.as_str(),
            account.email_verified,
            account.username.as_ref().map(Username::as_str),
            account.name.as_str(),
            account.role.as_str(),
            account.status.as_str(),
            account.provider.as_str(),
            openid.map(|openid| &openid.issuer),
            openid.map(|openid| &openid.subject),
            account.password.as_ref().map(PasswordHash::expose),
            account.two_factor.encode(),
            account.terms_accepted_at.map(Timestamp::as_millisecond),
            account.created_at.as_millisecond(),
            account.updated_at.as_millisecond(),
        ],
    )?;
    Ok(())
}

fn create(
    unit: &mut Unit<'_>,
    new: NewAccount,
    invitation: Option<SecretDigest>,
    now: Timestamp,
    audit: AuditDraft,
    refused: AuditDraft,
) -> Result<Result<Account, CreationRefusal>, Error> {
    let connection = unit.connection;
    let same_openid = match &new.openid {
        Some(identity) => find_by_openid(connection, identity)?,
        None => None,
    };
    let facts = CreationFacts {
        has_accounts: count(connection)? > 0,
        same_email: find_by_email(connection, &new.email)?.map(|account| account.id),
        same_openid: same_openid.map(|account| account.id),
        invitation: match invitation {
            Some(digest) => links::find(connection, digest)?,
            None => None,
        },
    };
    let plan = match plan_creation(facts, new, invitation.is_some(), now) {
        Ok(plan) => plan,
        Err(refusal) => {
            tell(connection, refused, now)?;
            return Ok(Err(refusal));
        }
    };
    let account = plan.account;
    unit.owner(account.id, now)?;
    insert(connection, &account, "")?;
    if let Some(invitation) = plan.invitation {
        links::write_use(connection, &invitation)?;
    }
    if let Some(verification) = plan.verification {
        links::insert(connection, &verification)?;
    }
    let actor = audit.actor.or(Some(account.id));
    let address = audit.address;
    tell(connection, audit.by(actor, address).on(account.id), now)?;
    Ok(Ok(account))
}

fn list(
    connection: &Connection,
    after: Option<&EmailAddress>,
    most: usize,
) -> Result<Page<Account, EmailAddress>, Error> {
    let sql =
        format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE email > ?1 ORDER BY email LIMIT ?2");
    let after = after.map_or("", EmailAddress::as_str);
    let values = params![after, limit(most.saturating_add(1))?];
    let mut items = many(connection, &sql, values, |row| account(row, 0))?;
    let has_more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| last.email.clone());
    Ok(Page { items, next })
}

fn delete(
    unit: &mut Unit<'_>,
    id: UserId,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<Deleted, Error> {
    let Some(account) = find(unit.connection, id)? else {
        return Ok(Deleted::Unknown);
    };
    let others = other_active_administrators(unit.connection, id)?;
    if let Err(refusal) = plan_removal(&account, others) {
        return Ok(Deleted::Refused(refusal));
    }
    deletion::remove_everything(unit, id)?;
    tell(unit.connection, audit, now)?;
    Ok(Deleted::Gone(Box::new(account)))
}

#[async_trait]
impl AccountRepository for SqliteStore {
    async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
        refused: AuditDraft,
    ) -> Result<Result<Account, CreationRefusal>, StoreError> {
        self.write(move |unit| {
            create(
                unit,
                new.clone(),
                invitation,
                now,
                audit.clone(),
                refused.clone(),
            )
        })
        .await
    }

    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| find(connection, id)).await
    }

    async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let email = email.clone();
        self.read(move |connection| find_by_email(connection, &email))
            .await
    }

    async fn find_by_openid(
        &self,
        identity: &OpenIdIdentity,
    ) -> Result<Option<Account>, StoreError> {
        let identity = identity.clone();
        self.read(move |connection| find_by_openid(connection, &identity))
            .await
    }

    async fn list(
        &self,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, StoreError> {
        self.read(move |connection| list(connection, after.as_ref(), limit))
            .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.read(count).await
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<Result<Changed, AccountRefusal>>, StoreError> {
        self.write(move |unit| {
            change::change(
                unit.connection,
                id,
                change.clone(),
                link,
                now,
                audit.clone(),
            )
        })
        .await
    }

    async fn delete(
        &self,
        id: UserId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Deleted, StoreError> {
        self.write(move |unit| delete(unit, id, now, audit.clone()))
            .await
    }
}
