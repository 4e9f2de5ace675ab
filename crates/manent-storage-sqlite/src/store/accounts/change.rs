//! Changing an account.

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
use rusqlite::{Connection, params};

use super::audit::tell;
use super::repository::{find, find_by_email, find_by_openid, other_active_administrators};
use super::rows::execute;
use super::{links, sessions};
use crate::error::Error;

/// Changes an account, if it is there.
pub(super) fn change(
    connection: &Connection,
    id: UserId,
    change: AccountChange,
    link: Option<SecretDigest>,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<Option<Result<Changed, AccountRefusal>>, Error> {
    let Some(account) = find(connection, id)? else {
        return Ok(None);
    };
    let facts = facts(connection, id, &change, link)?;
    let plan = match plan_change(&account, facts, change, now) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Some(Err(refusal))),
    };
    let ended_sessions = if plan.is_changed {
        write(connection, &plan, now, audit)?
    } else {
        0
    };
    Ok(Some(Ok(Changed {
        account: plan.account,
        ended_sessions,
    })))
}

fn facts(
    connection: &Connection,
    id: UserId,
    change: &AccountChange,
    link: Option<SecretDigest>,
) -> Result<ChangeFacts, Error> {
    let same_email = match change {
        AccountChange::Email { email, .. } => find_by_email(connection, email)?,
        _ => None,
    };
    let same_openid = match change {
        AccountChange::LinkOpenId(identity) => find_by_openid(connection, identity)?,
        _ => None,
    };
    Ok(ChangeFacts {
        other_active_administrators: other_active_administrators(connection, id)?,
        same_email: same_email.map(|account| account.id),
        same_openid: same_openid.map(|account| account.id),
        link: match link {
            Some(digest) => links::find(connection, digest)?,
            None => None,
        },
    })
}

/// Writes a plan; answers how many sessions ended.
fn write(
    connection: &Connection,
    plan: &ChangePlan,
    now: Timestamp,
    audit: AuditDraft,
) -> Result<u64, Error> {
    let id = plan.account.id;
    update(connection, &plan.account)?;
    if let Some(link) = &plan.used_link {
        links::write_use(connection, link)?;
    }
    if let Some(purpose) = plan.drops_links {
        links::drop_unused(connection, id, purpose)?;
    }
    let ended = match plan.ends_sessions {
        Some(ends) => sessions::end_all(connection, id, ends.except, ends.end, now)?,
        None => 0,
    };
    tell(connection, audit, now)?;
    Ok(ended)
}

fn update(connection: &Connection, account: &Account) -> Result<(), Error> {
    let openid = account.openid.as_ref();
    execute(
        connection,
        "UPDATE accounts SET email = ?2, email_verified = ?3, username = ?4, name = ?5, role = ?6, status = ?7, openid_issuer = ?8, \
         openid_subject = ?9, password = ?10, two_factor = ?11, terms_accepted_at = ?12, updated_at = ?13 WHERE id = ?1",
        params![
            account.id.to_string(),
            account.email.as_str(),
            account.email_verified,
            account.username.as_ref().map(Username::as_str),
            account.name.as_str(),
            account.role.as_str(),
            account.status.as_str(),
            openid.map(|openid| &openid.issuer),
            openid.map(|openid| &openid.subject),
            account.password.as_ref().map(PasswordHash::expose),
            account.two_factor.encode(),
            account.terms_accepted_at.map(Timestamp::as_millisecond),
            account.updated_at.as_millisecond(),
        ],
    )?;
    Ok(())
}
