//! The port of accounts.

use async_trait::async_trait;
use manent_accounts::account::{Account, NewAccount, OpenIdIdentity};
use manent_accounts::account_change::{
    AccountChange, AccountRefusal, ChangeFacts, ChangePlan, CreationFacts, CreationRefusal,
    plan_change, plan_creation, plan_removal,
};
use manent_accounts::audit::AuditDraft;
use manent_accounts::email::EmailAddress;
use manent_accounts::ports::{AccountRepository, Changed, Deleted};
use manent_accounts::secret::SecretDigest;
use manent_domain::conversation::Page;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use super::{AccountState, deletion};
use crate::MemoryStore;

#[async_trait]
impl AccountRepository for MemoryStore {
    async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
        refused: AuditDraft,
    ) -> Result<Result<Account, CreationRefusal>, StoreError> {
        Ok(self.write(|unit| {
            let state = &mut unit.state.accounts;
            let facts = CreationFacts {
                has_accounts: !state.accounts.is_empty(),
                same_email: with_email(state, &new.email).map(|account| account.id),
                same_openid: new
                    .openid
                    .as_ref()
                    .and_then(|identity| with_openid(state, identity))
                    .map(|account| account.id),
                invitation: invitation.and_then(|digest| state.link(digest).cloned()),
            };
            let plan = match plan_creation(facts, new, invitation.is_some(), now) {
                Ok(plan) => plan,
                Err(refusal) => {
                    state.tell(refused, now);
                    return Err(refusal);
                }
            };
            let account = plan.account;
            for link in plan.invitation.into_iter().chain(plan.verification) {
                state.put_link(link);
            }
            state.accounts.insert(account.id, account.clone());
            let actor = audit.actor.or(Some(account.id));
            let address = audit.address;
            state.tell(audit.by(actor, address).on(account.id), now);
            unit.ensure_user(account.id, now);
            Ok(account)
        }))
    }

    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.state().accounts.accounts.get(&id).cloned())
    }

    async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        Ok(with_email(&self.state().accounts, email).cloned())
    }

    async fn find_by_openid(
        &self,
        identity: &OpenIdIdentity,
    ) -> Result<Option<Account>, StoreError> {
        Ok(with_openid(&self.state().accounts, identity).cloned())
    }

    async fn list(
        &self,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, StoreError> {
        let state = self.state();
        let accounts = state.accounts.accounts.values();
        let accounts = accounts.filter(|account| after.as_ref() < Some(&account.email));
        let mut items: Vec<_> = accounts.cloned().collect();
        items.sort_by(|one, other| one.email.cmp(&other.email));
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|last| last.email.clone());
        Ok(Page { items, next })
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.state().accounts.accounts.len() as u64)
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<Result<Changed, AccountRefusal>>, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let Some(account) = state.accounts.get(&id) else {
            return Ok(None);
        };
        let same_email = match &change {
            AccountChange::Email { email, .. } => with_email(state, email),
            _ => None,
        };
        let same_openid = match &change {
            AccountChange::LinkOpenId(identity) => with_openid(state, identity),
            _ => None,
        };
        let facts = ChangeFacts {
            other_active_administrators: other_active_administrators(state, id),
            same_email: same_email.map(|account| account.id),
            same_openid: same_openid.map(|account| account.id),
            link: link.and_then(|digest| state.link(digest).cloned()),
        };
        Ok(Some(plan_change(account, facts, change, now).map(|plan| {
            let account = plan.account.clone();
            let ended_sessions = if plan.is_changed {
                write(state, plan, now, audit)
            } else {
                0
            };
            Changed {
                account,
                ended_sessions,
            }
        })))
    }

    async fn delete(
        &self,
        id: UserId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Deleted, StoreError> {
        let mut state = self.state();
        let Some(account) = state.accounts.accounts.get(&id).cloned() else {
            return Ok(Deleted::Unknown);
        };
        let others = other_active_administrators(&state.accounts, id);
        if let Err(refusal) = plan_removal(&account, others) {
            return Ok(Deleted::Refused(refusal));
        }
        deletion::remove_everything(&mut state, id);
        state.accounts.tell(audit, now);
        Ok(Deleted::Gone(Box::new(account)))
    }
}

fn with_email<'state>(
    state: &'state AccountState,
    email: &EmailAddress,
) -> Option<&'state Account> {
    state
        .account_where(|account| account.email == *email)
        .or_else(|| state.account_where(|account| account.email.is_same_as(email)))
}

fn with_openid<'state>(
    state: &'state AccountState,
    identity: &OpenIdIdentity,
) -> Option<&'state Account> {
    state.account_where(|account| account.openid.as_ref() == Some(identity))
}

fn other_active_administrators(state: &AccountState, id: UserId) -> u64 {
    let accounts = state.accounts.values();
    let others = accounts.filter(|other| other.id != id && other.is_active_administrator());
    others.count() as u64
}

/// Writes a change; answers how many sessions ended.
fn write(state: &mut AccountState, plan: ChangePlan, now: Timestamp, audit: AuditDraft) -> u64 {
    let id = plan.account.id;
    state.accounts.insert(id, plan.account);
    if let Some(link) = plan.used_link {
        state.put_link(link);
    }
    if let Some(purpose) = plan.drops_links {
        state.links.retain(|link| {
            link.account() != Some(id) || link.purpose != purpose || link.used_at.is_some()
        });
    }
    let ends = plan.ends_sessions;
    let ended = ends.map_or(0, |ends| state.end_sessions(id, ends.except, ends.end, now));
    state.tell(audit, now);
    ended
}
