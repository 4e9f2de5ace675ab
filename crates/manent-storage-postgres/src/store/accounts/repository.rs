//! The port of accounts.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use manent_accounts::account::{Account, NewAccount, OpenIdIdentity};
use manent_accounts::account_change::{
    AccountChange, AccountRefusal, CreationFacts, CreationRefusal, plan_creation,
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

use super::audit::tell;
use super::rows::{ACCOUNT_COLUMNS, account, execute, limit, many, one};
use super::{change, deletion, links};
use crate::error::Error;
use crate::rows::count;
use crate::store::PostgresStore;

/// Waits until nobody else makes, deletes or counts accounts.
pub(super) async fn lock_all(client: &ClientWrapper) -> Result<(), Error> {
    one(
        client,
        "SELECT id FROM accounts_lock WHERE id = 1 FOR UPDATE",
        &[],
    )
    .await?;
    Ok(())
}

/// The account, locked: it stays as it is until the unit ends.
pub(super) async fn lock(client: &ClientWrapper, id: UserId) -> Result<Option<Account>, Error> {
    // Not FOR UPDATE: whoever adds a row that refers to the account may go on.
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = $1 FOR NO KEY UPDATE");
    let row = one(client, &sql, &[&id.as_uuid()]).await?;
    row.map(|row| account(&row, 0)).transpose()
}

async fn find(client: &ClientWrapper, id: UserId) -> Result<Option<Account>, Error> {
    let sql = format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = $1");
    let row = one(client, &sql, &[&id.as_uuid()]).await?;
    row.map(|row| account(&row, 0)).transpose()
}

pub(super) async fn find_by_email(
    client: &ClientWrapper,
    email: &EmailAddress,
) -> Result<Option<Account>, Error> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE email IN ($1, $2) ORDER BY email = $1 DESC LIMIT 1"
    );
    let [ascii, letters] = email.forms();
    let row = one(client, &sql, &[&ascii, &letters]).await?;
    row.map(|row| account(&row, 0)).transpose()
}

pub(super) async fn find_by_openid(
    client: &ClientWrapper,
    identity: &OpenIdIdentity,
) -> Result<Option<Account>, Error> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE openid_issuer = $1 AND openid_subject = $2"
    );
    let row = one(client, &sql, &[&identity.issuer, &identity.subject]).await?;
    row.map(|row| account(&row, 0)).transpose()
}

async fn count_all(client: &ClientWrapper) -> Result<u64, Error> {
    let row = one(client, "SELECT count(*) FROM accounts", &[]).await?;
    row.map_or(Ok(0), |row| count(&row, 0, "accounts.id"))
}

/// Inserts an account, and its owner's row where there is none. `if_known` says what becomes of an account with its id.
pub(super) async fn insert(
    client: &ClientWrapper,
    account: &Account,
    if_known: &str,
) -> Result<(), Error> {
    let sql = "INSERT INTO users (id, created_at, feed_seq) VALUES ($1, $2, 0) ON CONFLICT (id) DO NOTHING";
    let created_at = account.created_at.as_millisecond();
    execute(client, sql, &[&account.id.as_uuid(), &created_at]).await?;
    let openid = account.openid.as_ref();
    let sql = format!(
        "INSERT INTO accounts (id, email, email_verified, username, name, role, status, provider, openid_issuer, openid_subject, password, \
         two_factor, terms_accepted_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) {if_known}"
    );
    execute(
        client,
        &sql,
        &[
            &account.id.as_uuid(),
            &account.email.as_str(),
            &account.email_verified,
            &account.username.as_ref().map(Username::as_str),
            &account.name.as_str(),
            &account.role.as_str(),
            &account.status.as_str(),
            &account.provider.as_str(),
            &openid.map(|openid| &openid.issuer),
            &openid.map(|openid| &openid.subject),
            &account.password.as_ref().map(PasswordHash::expose),
            &account.two_factor.encode(),
            &account.terms_accepted_at.map(Timestamp::as_millisecond),
            &created_at,
            &account.updated_at.as_millisecond(),
        ],
    )
    .await?;
    Ok(())
}

async fn create(
    client: &ClientWrapper,
    new: NewAccount,
    invitation: Option<SecretDigest>,
    now: Timestamp,
    audit: AuditDraft,
    refused: AuditDraft,
) -> Result<Result<Account, CreationRefusal>, Error> {
    lock_all(client).await?;
    let same_email = find_by_email(client, &new.email).await?;
    let same_openid = match &new.openid {
        Some(identity) => find_by_openid(client, identity).await?,
        None => None,
    };
    let facts = CreationFacts {
        has_accounts: count_all(client).await? > 0,
        same_email: same_email.map(|account| account.id),
        same_openid: same_openid.map(|account| account.id),
        invitation: match invitation {
            Some(digest) => links::find_locked(client, digest).await?,
            None => None,
        },
    };
    let plan = match plan_creation(facts, new, invitation.is_some(), now) {
        Ok(plan) => plan,
        Err(refusal) => {
            tell(client, refused, now).await?;
            return Ok(Err(refusal));
        }
    };
    let account = plan.account;
    insert(client, &account, "").await?;
    if let Some(invitation) = plan.invitation {
        links::write_use(client, &invitation).await?;
    }
    if let Some(verification) = plan.verification {
        links::insert(client, &verification).await?;
    }
    let actor = audit.actor.or(Some(account.id));
    let address = audit.address;
    let audit = audit.by(actor, address).on(account.id);
    tell(client, audit, now).await?;
    Ok(Ok(account))
}

async fn list(
    client: &ClientWrapper,
    after: Option<EmailAddress>,
    most: usize,
) -> Result<Page<Account, EmailAddress>, Error> {
    let sql =
        format!("SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE email > $1 ORDER BY email LIMIT $2");
    let after = after.as_ref().map_or("", EmailAddress::as_str);
    let rows = many(client, &sql, &[&after, &limit(most.saturating_add(1))?]).await?;
    let mut items = rows
        .iter()
        .map(|row| account(row, 0))
        .collect::<Result<Vec<_>, _>>()?;
    let has_more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|last| last.email.clone());
    Ok(Page { items, next })
}

#[async_trait]
impl AccountRepository for PostgresStore {
    async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
        refused: AuditDraft,
    ) -> Result<Result<Account, CreationRefusal>, StoreError> {
        self.unit(|client| {
            let (new, audit, refused) = (new.clone(), audit.clone(), refused.clone());
            Box::pin(create(client, new, invitation, now, audit, refused))
        })
        .await
    }

    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        let connections = &self.opened.connections;
        connections.read(|client| Box::pin(find(client, id))).await
    }

    async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                let email = email.clone();
                Box::pin(async move { find_by_email(client, &email).await })
            })
            .await
    }

    async fn find_by_openid(
        &self,
        identity: &OpenIdIdentity,
    ) -> Result<Option<Account>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| {
                let identity = identity.clone();
                Box::pin(async move { find_by_openid(client, &identity).await })
            })
            .await
    }

    async fn list(
        &self,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, StoreError> {
        let connections = &self.opened.connections;
        connections
            .read(|client| Box::pin(list(client, after.clone(), limit)))
            .await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let connections = &self.opened.connections;
        connections.read(|client| Box::pin(count_all(client))).await
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<Result<Changed, AccountRefusal>>, StoreError> {
        self.unit(|client| {
            let (change, audit) = (change.clone(), audit.clone());
            Box::pin(change::change(client, id, change, link, now, audit))
        })
        .await
    }

    async fn delete(
        &self,
        id: UserId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Deleted, StoreError> {
        self.long_unit(Some(deletion::TIME), |client| {
            Box::pin(deletion::delete(client, id, now, audit.clone()))
        })
        .await
    }
}
