//! Accounts.

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

use super::FakeStore;
use crate::account::{Account, NewAccount, OpenIdIdentity};
use crate::account_change::{
    AccountChange, AccountRefusal, ChangeFacts, CreationFacts, CreationRefusal, plan_change,
    plan_creation, plan_removal,
};
use crate::audit::AuditDraft;
use crate::email::EmailAddress;
use crate::ports::{AccountRepository, Changed, Deleted};
use crate::secret::SecretDigest;

#[async_trait]
impl AccountRepository for FakeStore {
    async fn create(
        &self,
        new: NewAccount,
        invitation: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
        refused: AuditDraft,
    ) -> Result<Result<Account, CreationRefusal>, StoreError> {
        let mut state = self.unit("create")?;
        let facts = CreationFacts {
            has_accounts: !state.accounts.is_empty(),
            same_email: state.by_email(&new.email).map(|account| account.id),
            same_openid: new
                .openid
                .as_ref()
                .and_then(|identity| state.by_openid(identity))
                .map(|account| account.id),
            invitation: state.link(invitation),
        };
        let plan = match plan_creation(facts, new, invitation.is_some(), now) {
            Ok(plan) => plan,
            Err(refusal) => {
                state.write(refused, now);
                return Ok(Err(refusal));
            }
        };
        for link in plan.invitation.into_iter().chain(plan.verification) {
            state.put_link(link);
        }
        state.accounts.insert(plan.account.id, plan.account.clone());
        let mut audit = audit.on(plan.account.id);
        audit.actor = audit.actor.or(Some(plan.account.id));
        state.write(audit, now);
        Ok(Ok(plan.account))
    }

    async fn find(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.unit("find")?.accounts.get(&id).cloned())
    }

    async fn find_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        Ok(self.unit("find_by_email")?.by_email(email).cloned())
    }

    async fn find_by_openid(
        &self,
        identity: &OpenIdIdentity,
    ) -> Result<Option<Account>, StoreError> {
        Ok(self.unit("find_by_openid")?.by_openid(identity).cloned())
    }

    async fn list(
        &self,
        after: Option<EmailAddress>,
        limit: usize,
    ) -> Result<Page<Account, EmailAddress>, StoreError> {
        let state = self.unit("list")?;
        let mut accounts: Vec<_> = state.accounts.values().cloned().collect();
        accounts.sort_by(|one, other| one.email.cmp(&other.email));
        accounts.retain(|account| after.as_ref().is_none_or(|after| account.email > *after));
        let has_more = accounts.len() > limit;
        accounts.truncate(limit);
        let last = accounts.last().map(|account| account.email.clone());
        Ok(Page {
            items: accounts,
            next: last.filter(|_| has_more),
        })
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.unit("count")?.accounts.len()).unwrap())
    }

    async fn change(
        &self,
        id: UserId,
        change: AccountChange,
        link: Option<SecretDigest>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<Result<Changed, AccountRefusal>>, StoreError> {
        let mut state = self.unit("change")?;
        let Some(account) = state.accounts.get(&id).cloned() else {
            return Ok(None);
        };
        let same_email = match &change {
            AccountChange::Email { email, .. } => state.by_email(email),
            _ => None,
        };
        let same_openid = match &change {
            AccountChange::LinkOpenId(identity) => state.by_openid(identity),
            _ => None,
        };
        let facts = ChangeFacts {
            other_active_administrators: state.other_administrators(id),
            same_email: same_email.map(|account| account.id),
            same_openid: same_openid.map(|account| account.id),
            link: state.link(link),
        };
        let plan = match plan_change(&account, facts, change, now) {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        let mut ended_sessions = 0;
        if plan.is_changed {
            state.accounts.insert(id, plan.account.clone());
            if let Some(ended) = plan.ends_sessions {
                ended_sessions = state.end_sessions(id, ended.except, ended.end, now);
            }
            if let Some(purpose) = plan.drops_links {
                state.drop_links(id, purpose);
            }
            if let Some(link) = plan.used_link {
                state.put_link(link);
            }
            state.write(audit, now);
        }
        Ok(Some(Ok(Changed {
            account: plan.account,
            ended_sessions,
        })))
    }

    async fn delete(
        &self,
        id: UserId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Deleted, StoreError> {
        let mut state = self.unit("delete")?;
        let Some(account) = state.accounts.get(&id).cloned() else {
            return Ok(Deleted::Unknown);
        };
        if let Err(refusal) = plan_removal(&account, state.other_administrators(id)) {
            return Ok(Deleted::Refused(refusal));
        }
        state.accounts.remove(&id);
        state.sessions.retain(|_, session| session.account != id);
        state.keys.retain(|_, key| key.owner != id);
        state.links.retain(|link| link.account() != Some(id));
        state.provider_keys.retain(|(owner, _), _| *owner != id);
        state.write(audit, now);
        Ok(Deleted::Gone(Box::new(account)))
    }
}
