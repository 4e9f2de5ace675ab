//! Changing an account.

use deadpool_postgres::ClientWrapper;
use manent_accounts::account::Account;
use manent_accounts::account_change::{
    AccountChange, AccountRefusal, ChangeFacts, ChangePlan, plan_change,
};
use manent_accounts::audit::AuditDraft;
use manent_accounts::password::PasswordHash;
use manent_accounts::ports::Changed;
use manent_accounts::secret::SecretDigest;
use manent_accounts::username::Username;
use manent_types::{Timestamp, UserId};

use super::audit::tell;
use super::repository::{find_by_email, find_by_openid, lock, lock_all};
use super::rows::{execute, one};
use super::{links, sessions};
use crate::error::Error;
use crate::rows::count;

/// Changes an account, if it is there.
pub(super) async fn change(
    client: &ClientWrapper,
    id: UserId,
    change: AccountChange,
    link: Option<SecretDigest>,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<Option<Result<Changed, AccountRefusal>>, Error> {
    if looks_at_others(&change) {
        lock_all(client).await?;
    }
    let Some(account) = lock(client, id).await? else {
        return Ok(None);
    };
    let facts = facts(client, id, &change, link).await?;
    let plan = match plan_change(&account, facts, change, now) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let ended_sessions = if plan.is_changed {
        write(client, &plan, now, audit).await?
    } else {
        0
    };
    Ok(Some(Ok(Changed {
        account: plan.account,
        ended_sessions,
    })))
}

/// Whether what others have decides.
const fn looks_at_others(change: &AccountChange) -> bool {
    matches!(
        change,
        AccountChange::Role(_)
            | AccountChange::Status(_)
            | AccountChange::Email { .. }
            | AccountChange::LinkOpenId(_)
    )
}

pub(super) async fn other_active_administrators(
    client: &ClientWrapper,
    id: UserId,
) -> Result<u64, Error> {
    let sql =
        "SELECT count(*) FROM accounts WHERE role = 'ADMIN' AND status = 'active' AND id <> $1";
    let row = one(client, sql, &[&id.as_uuid()]).await?;
    row.map_or(Ok(0), |row| count(&row, 0, "accounts.id"))
}

async fn facts(
    client: &ClientWrapper,
    id: UserId,
    change: &AccountChange,
    link: Option<SecretDigest>,
) -> Result<ChangeFacts, Error> {
    let mut facts = ChangeFacts::default();
    match change {
        AccountChange::Role(_) | AccountChange::Status(_) => {
            facts.other_active_administrators = other_active_administrators(client, id).await?;
        }
        AccountChange::Email { email, .. } => {
            let found = find_by_email(client, email).await?;
            facts.same_email = found.map(|account| account.id);
        }
        AccountChange::LinkOpenId(identity) => {
            let found = find_by_openid(client, identity).await?;
            facts.same_openid = found.map(|account| account.id);
        }
        _ => {}
    }
    if let Some(digest) = link {
        facts.link = links::find_locked(client, digest).await?;
    }
    Ok(facts)
}

/// Writes a plan; answers how many sessions ended.
async fn write(
    client: &ClientWrapper,
    plan: &ChangePlan,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<u64, Error> {
    let id = plan.account.id;
    update(client, &plan.account).await?;
    if let Some(link) = &plan.used_link {
        links::write_use(client, link).await?;
    }
    if let Some(purpose) = plan.drops_links {
        links::drop_unused(client, id, purpose).await?;
    }
    let ended = match plan.ends_sessions {
        Some(ends) => sessions::end_all(client, id, ends.except, ends.end, now).await?,
        None => 0,
    };
    tell(client, audit, now).await?;
    Ok(ended)
}

async fn update(client: &ClientWrapper, account: &Account) -> Result<(), Error> {
    let openid = account.openid.as_ref();
    execute(
        client,
        "UPDATE accounts SET email = $2, email_verified = $3, username = $4, name = $5, role = $6, status = $7, openid_issuer = $8, \
         openid_subject = $9, password = $10, two_factor = $11, terms_accepted_at = $12, updated_at = $13 WHERE id = $1",
        &[
            &account.id.as_uuid(),
            &account.email.as_str(),
            &account.email_verified,
            &account.username.as_ref().map(Username::as_str),
            &account.name.as_str(),
            &account.role.as_str(),
            &account.status.as_str(),
            &openid.map(|openid| &openid.issuer),
            &openid.map(|openid| &openid.subject),
            &account.password.as_ref().map(PasswordHash::expose),
            &account.two_factor.encode(),
            &account.terms_accepted_at.map(Timestamp::as_millisecond),
            &account.updated_at.as_millisecond(),
        ],
    )
    .await?;
    Ok(())
}
