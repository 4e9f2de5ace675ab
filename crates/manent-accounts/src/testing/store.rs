//! A store in memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::conversation::Page;
use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, RunId, SessionId, Timestamp, UserId};

use crate::account::{Account, NewAccount, OpenIdIdentity};
use crate::account_change::{
    AccountChange, AccountRefusal, ChangeFacts, CreationFacts, CreationRefusal, plan_change,
    plan_creation, plan_removal,
};
use crate::api_key::ApiKey;
use crate::audit::{AuditDraft, AuditEntry, AuditHead, AuditKind};
use crate::email::EmailAddress;
use crate::limits::{
    BudgetPeriod, BudgetStanding, Reservation, ReservationDecision, ReservationRequest,
    decide_reservation, settle,
};
use crate::one_time_link::{LinkPurpose, LinkSubject, OneTimeLink};
use crate::ports::{
    AccountRepository, ApiKeyRepository, AuditFilter, AuditRepository, BudgetRepository, Changed,
    Deleted, KeyCreated, OneTimeLinkRepository, ProviderKeyRepository, Refreshed, RoleRepository,
    SessionRepository, Settlement, StoredRole,
};
use crate::provider_key::{EndpointName, ProviderKey};
use crate::role::{Permissions, RoleName};
use crate::secret::{SealedSecret, SecretDigest};
use crate::session::{Session, SessionEnd, decide_refresh};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<UserId, Account>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) keys: BTreeMap<ApiKeyId, ApiKey>,
    pub(crate) links: Vec<OneTimeLink>,
    pub(crate) roles: BTreeMap<RoleName, StoredRole>,
    pub(crate) provider_keys: BTreeMap<(UserId, EndpointName), ProviderKey>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) standings: BTreeMap<(UserId, BudgetPeriod), BudgetStanding>,
    pub(crate) reservations: BTreeMap<(UserId, RunId), Reservation>,
    /// What was asked, in order.
    pub(crate) trace: Vec<&'static str>,
    /// Fails everything.
    pub(crate) is_down: bool,
}

impl State {
    fn write(&mut self, draft: AuditDraft, now: Timestamp) -> AuditEntry {
        let head = self.audit.last().map_or(AuditHead::EMPTY, AuditEntry::head);
        let entry = head.next(draft, now);
        self.audit.push(entry.clone());
        entry
    }

    fn other_administrators(&self, id: UserId) -> u64 {
        let others = self.accounts.values().filter(|account| account.id != id);
        let administrators = others.filter(|account| account.is_active_administrator());
        u64::try_from(administrators.count()).unwrap()
    }

    fn by_email(&self, email: &EmailAddress) -> Option<&Account> {
        self.accounts
            .values()
            .find(|account| account.email == *email)
    }

    fn by_openid(&self, identity: &OpenIdIdentity) -> Option<&Account> {
        let mut accounts = self.accounts.values();
        accounts.find(|account| account.openid.as_ref() == Some(identity))
    }

    fn link(&self, digest: Option<SecretDigest>) -> Option<OneTimeLink> {
        let digest = digest?;
        self.links
            .iter()
            .find(|link| link.digest == digest)
            .cloned()
    }

    fn put_link(&mut self, link: OneTimeLink) {
        self.links.retain(|other| other.digest != link.digest);
        self.links.push(link);
    }

    fn drop_links(&mut self, account: UserId, purpose: LinkPurpose) {
        self.links.retain(|link| {
            link.account() != Some(account) || link.purpose != purpose || link.used_at.is_some()
        });
    }

    fn end_sessions(
        &mut self,
        owner: UserId,
        except: Option<SessionId>,
        end: SessionEnd,
        now: Timestamp,
    ) -> u64 {
        let mut ended = 0;
        for session in self.sessions.values_mut() {
            if session.account == owner && Some(session.id) != except && session.is_live(now) {
                session.ended = Some((now, end));
                ended += 1;
            }
        }
        ended
    }
}

#[derive(Default)]
pub(crate) struct FakeStore(Mutex<State>);

impl FakeStore {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// One unit.
    fn unit(&self, name: &'static str) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.state();
        state.trace.push(name);
        if state.is_down {
            return Err(StoreError::Unavailable {
                detail: "it is down".to_owned(),
            });
        }
        Ok(state)
    }
}

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

#[async_trait]
impl SessionRepository for FakeStore {
    async fn begin(&self, session: Session, audit: AuditDraft) -> Result<bool, StoreError> {
        let mut state = self.unit("begin")?;
        let account = state.accounts.get(&session.account);
        if !account.is_some_and(Account::is_active) {
            return Ok(false);
        }
        state.write(audit, session.created_at);
        state.sessions.insert(session.id, session);
        Ok(true)
    }

    async fn refresh(
        &self,
        id: SessionId,
        generation: u64,
        grace: Duration,
        now: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<Option<Refreshed>, StoreError> {
        let mut state = self.unit("refresh")?;
        let Some(session) = state.sessions.get(&id).cloned() else {
            return Ok(None);
        };
        let Some(account) = state.accounts.get(&session.account).cloned() else {
            return Ok(None);
        };
        let plan = decide_refresh(&session, account.status, generation, now, grace);
        if plan.is_theft {
            let audit = AuditDraft::new(AuditKind::RefreshTokenReused)
                .by(None, address)
                .on(account.id)
                .with("session", id)
                .with("generation", generation);
            state.write(audit, now);
        }
        let session = plan.write.unwrap_or(session);
        state.sessions.insert(id, session.clone());
        Ok(Some(Refreshed {
            refresh: plan.refresh,
            session,
            account,
        }))
    }

    async fn find(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let state = self.unit("find_session")?;
        let session = state
            .sessions
            .get(&id)
            .filter(|session| session.account == owner);
        let account = state.accounts.get(&owner);
        Ok(session.cloned().zip(account.cloned()))
    }

    async fn list(&self, owner: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let state = self.unit("list_sessions")?;
        let sessions = state.sessions.values().rev();
        let live = sessions.filter(|session| session.account == owner && session.is_live(now));
        Ok(live.cloned().collect())
    }

    async fn end(
        &self,
        owner: UserId,
        id: SessionId,
        end: SessionEnd,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("end")?;
        let session = state.sessions.get_mut(&id);
        let session = session.filter(|session| session.account == owner && session.is_live(now));
        let Some(session) = session else {
            return Ok(false);
        };
        session.ended = Some((now, end));
        state.write(audit, now);
        Ok(true)
    }

    async fn end_all(
        &self,
        owner: UserId,
        except: Option<SessionId>,
        end: SessionEnd,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError> {
        let mut state = self.unit("end_all")?;
        state.write(audit, now);
        Ok(state.end_sessions(owner, except, end, now))
    }

    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.unit("clear_sessions")?;
        let expired = state
            .sessions
            .values()
            .filter(|session| session.expires_at < expired_before);
        let expired: Vec<_> = expired.map(|session| session.id).take(limit).collect();
        state.sessions.retain(|id, _| !expired.contains(id));
        Ok(expired.len())
    }
}

#[async_trait]
impl ApiKeyRepository for FakeStore {
    async fn create(
        &self,
        key: ApiKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<KeyCreated, StoreError> {
        let mut state = self.unit("create_key")?;
        if !state
            .accounts
            .get(&key.owner)
            .is_some_and(Account::is_active)
        {
            return Ok(KeyCreated::OwnerUnknown);
        }
        let keys = state.keys.values();
        let live = keys.filter(|other| other.owner == key.owner && other.is_live(key.created_at));
        if live.count() >= limit {
            return Ok(KeyCreated::TooMany);
        }
        state.write(audit, key.created_at);
        state.keys.insert(key.id, key);
        Ok(KeyCreated::Stored)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(ApiKey, Account)>, StoreError> {
        let state = self.unit("find_key")?;
        let key = state.keys.get(&id).cloned();
        let account = |key: ApiKey| {
            let account = state.accounts.get(&key.owner).cloned()?;
            Some((key, account))
        };
        Ok(key.and_then(account))
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let state = self.unit("list_keys")?;
        let keys = state.keys.values().rev();
        let kept = keys.filter(|key| key.owner == owner && key.revoked_at.is_none());
        Ok(kept.cloned().collect())
    }

    async fn revoke(
        &self,
        owner: UserId,
        id: ApiKeyId,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<Option<ApiKey>, StoreError> {
        let mut state = self.unit("revoke_key")?;
        let key = state.keys.get_mut(&id).filter(|key| key.owner == owner);
        let Some(key) = key else {
            return Ok(None);
        };
        let is_changed = key.revoked_at.is_none();
        key.revoked_at = key.revoked_at.or(Some(now));
        let key = key.clone();
        if is_changed {
            state.write(audit, now);
        }
        Ok(Some(key))
    }

    async fn touch(&self, owner: UserId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.unit("touch_key")?;
        if let Some(key) = state.keys.get_mut(&id).filter(|key| key.owner == owner) {
            key.last_used_at = key.last_used_at.max(Some(now));
        }
        Ok(())
    }
}

#[async_trait]
impl OneTimeLinkRepository for FakeStore {
    async fn create(&self, link: OneTimeLink, audit: AuditDraft) -> Result<bool, StoreError> {
        let mut state = self.unit("create_link")?;
        if let LinkSubject::Account { account, email } = &link.subject {
            let known = state.accounts.get(account);
            if !known.is_some_and(|known| known.is_active() && known.email == *email) {
                return Ok(false);
            }
            state.drop_links(*account, link.purpose);
        }
        state.write(audit, link.created_at);
        state.put_link(link);
        Ok(true)
    }

    async fn find(&self, digest: SecretDigest) -> Result<Option<OneTimeLink>, StoreError> {
        Ok(self.unit("find_link")?.link(Some(digest)))
    }

    async fn list(
        &self,
        purpose: LinkPurpose,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OneTimeLink>, StoreError> {
        let state = self.unit("list_links")?;
        let links = state.links.iter().rev();
        let live = links.filter(|link| link.check(purpose, now).is_ok());
        Ok(live.take(limit).cloned().collect())
    }

    async fn revoke(
        &self,
        digest: SecretDigest,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("revoke_link")?;
        let count = state.links.len();
        state
            .links
            .retain(|link| link.digest != digest || link.used_at.is_some());
        let is_gone = state.links.len() < count;
        if is_gone {
            state.write(audit, now);
        }
        Ok(is_gone)
    }

    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.unit("clear_links")?;
        let mut left = limit;
        state.links.retain(|link| {
            let goes = left > 0 && link.expires_at < expired_before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}

#[async_trait]
impl RoleRepository for FakeStore {
    async fn find(&self, name: &RoleName) -> Result<Option<StoredRole>, StoreError> {
        Ok(self.unit("find_role")?.roles.get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<StoredRole>, StoreError> {
        Ok(self.unit("list_roles")?.roles.values().cloned().collect())
    }

    async fn change(
        &self,
        name: &RoleName,
        overrides: Permissions,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<StoredRole, StoreError> {
        let mut state = self.unit("change_role")?;
        let before = state.roles.get(name).map(|role| role.overrides.clone());
        let role = StoredRole {
            name: name.clone(),
            overrides: before.unwrap_or_default().with(&overrides),
            updated_at: now,
        };
        state.roles.insert(name.clone(), role.clone());
        state.write(audit, now);
        Ok(role)
    }
}

#[async_trait]
impl ProviderKeyRepository for FakeStore {
    async fn put(
        &self,
        key: ProviderKey,
        limit: usize,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("put_provider_key")?;
        let place = (key.owner, key.endpoint.clone());
        let count = state
            .provider_keys
            .keys()
            .filter(|(owner, _)| *owner == key.owner)
            .count();
        if count >= limit && !state.provider_keys.contains_key(&place) {
            return Ok(false);
        }
        state.write(audit, key.created_at);
        state.provider_keys.insert(place, key);
        Ok(true)
    }

    async fn find(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
    ) -> Result<Option<ProviderKey>, StoreError> {
        let state = self.unit("find_provider_key")?;
        Ok(state.provider_keys.get(&(owner, endpoint.clone())).cloned())
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.unit("list_provider_keys")?;
        let keys = state
            .provider_keys
            .values()
            .filter(|key| key.owner == owner);
        Ok(keys.cloned().collect())
    }

    async fn delete(
        &self,
        owner: UserId,
        endpoint: Option<&EndpointName>,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<u64, StoreError> {
        let mut state = self.unit("delete_provider_keys")?;
        let count = state.provider_keys.len();
        state.provider_keys.retain(|(of, name), _| {
            *of != owner || endpoint.is_some_and(|endpoint| endpoint != name)
        });
        let gone = count - state.provider_keys.len();
        if gone > 0 {
            state.write(audit, now);
        }
        Ok(u64::try_from(gone).unwrap())
    }

    async fn list_sealed_before(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<ProviderKey>, StoreError> {
        let state = self.unit("list_sealed_before")?;
        let keys = state.provider_keys.values();
        let old = keys.filter(|key| key.sealed.key_version < key_version);
        Ok(old.take(limit).cloned().collect())
    }

    async fn reseal(
        &self,
        owner: UserId,
        endpoint: &EndpointName,
        from: &SealedSecret,
        to: SealedSecret,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("reseal")?;
        let key = state.provider_keys.get_mut(&(owner, endpoint.clone()));
        match key.filter(|key| key.sealed == *from) {
            Some(key) => {
                key.sealed = to;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

#[async_trait]
impl AuditRepository for FakeStore {
    async fn append(&self, draft: AuditDraft, now: Timestamp) -> Result<AuditEntry, StoreError> {
        Ok(self.unit("append_audit")?.write(draft, now))
    }

    async fn list(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.unit("list_audit")?;
        let is_asked_for = |entry: &&AuditEntry| {
            before.is_none_or(|before| entry.number < before)
                && filter.kind.is_none_or(|kind| entry.kind == kind)
                && filter.account.is_none_or(|account| {
                    entry.account == Some(account) || entry.actor == Some(account)
                })
        };
        let entries = state.audit.iter().rev().filter(is_asked_for);
        Ok(entries.take(limit).cloned().collect())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.unit("read_audit")?;
        let entries = state.audit.iter().filter(|entry| entry.number > after);
        Ok(entries.take(limit).cloned().collect())
    }

    async fn head(&self) -> Result<AuditHead, StoreError> {
        let state = self.unit("audit_head")?;
        Ok(state
            .audit
            .last()
            .map_or(AuditHead::EMPTY, AuditEntry::head))
    }
}

#[async_trait]
impl BudgetRepository for FakeStore {
    async fn reserve(
        &self,
        owner: UserId,
        request: ReservationRequest,
        now: Timestamp,
    ) -> Result<ReservationDecision, StoreError> {
        let mut state = self.unit("reserve")?;
        let place = (owner, request.period);
        let standing = state.standings.get(&place).copied().unwrap_or_default();
        let existing = state.reservations.get(&(owner, request.id));
        let decision = decide_reservation(existing, &standing, &request, now);
        if let ReservationDecision::Reserve {
            reservation,
            standing,
        } = decision
        {
            state.reservations.insert((owner, request.id), reservation);
            state.standings.insert(place, standing);
        }
        Ok(decision)
    }

    async fn settle(
        &self,
        owner: UserId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.unit("settle")?;
        let Some(reservation) = state.reservations.get(&(owner, settlement.id)).copied() else {
            return Ok(false);
        };
        let place = (owner, reservation.period);
        let standing = state.standings.get(&place).copied().unwrap_or_default();
        let Some((settled, standing)) = settle(&reservation, &standing, settlement.used, now)
        else {
            return Ok(false);
        };
        state.reservations.insert((owner, settlement.id), settled);
        state.standings.insert(place, standing);
        Ok(true)
    }

    async fn standing(
        &self,
        owner: UserId,
        period: BudgetPeriod,
    ) -> Result<BudgetStanding, StoreError> {
        let state = self.unit("standing")?;
        Ok(state
            .standings
            .get(&(owner, period))
            .copied()
            .unwrap_or_default())
    }

    async fn settle_abandoned(
        &self,
        made_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let open: Vec<_> = {
            let state = self.unit("settle_abandoned")?;
            let open = state.reservations.iter();
            let open =
                open.filter(|(_, row)| row.settled_at.is_none() && row.created_at < made_before);
            open.take(limit)
                .map(|((owner, id), row)| (*owner, *id, row.amounts))
                .collect()
        };
        for (owner, id, used) in &open {
            let settlement = Settlement {
                id: *id,
                used: *used,
            };
            self.settle(*owner, settlement, now).await?;
        }
        Ok(open.len())
    }

    async fn clear(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.unit("clear_budgets")?;
        let old = state
            .standings
            .keys()
            .filter(|(_, period)| period.ends_at < ended_before);
        let old: Vec<_> = old.take(limit).copied().collect();
        for place in &old {
            state.standings.remove(place);
        }
        Ok(old.len())
    }
}
