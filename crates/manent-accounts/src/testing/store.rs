//! A store in memory.

mod accounts;
mod audit;
mod budgets;
mod keys;
mod links;
mod roles;
mod sessions;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use manent_domain::ports::StoreError;
use manent_types::{ApiKeyId, RunId, SessionId, Timestamp, UserId};

use crate::account::{Account, OpenIdIdentity};
use crate::api_key::ApiKey;
use crate::audit::{AuditDraft, AuditEntry, AuditHead, AuditRow, UnreadableAuditEntry};
use crate::email::EmailAddress;
use crate::limits::{BudgetPeriod, BudgetStanding, Reservation};
use crate::one_time_link::{LinkPurpose, OneTimeLink};
use crate::ports::StoredRole;
use crate::provider_key::{EndpointName, ProviderKey};
use crate::role::RoleName;
use crate::secret::SecretDigest;
use crate::session::{Session, SessionEnd};

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
    /// An entry of the audit log that reads as if somebody had changed its kind.
    pub(crate) damaged_entry: Option<u64>,
    /// The end of the audit log is not kept beside it any more.
    pub(crate) has_lost_head: bool,
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

    fn audit_row(&self, entry: &AuditEntry) -> AuditRow {
        if self.damaged_entry == Some(entry.number) {
            return Err(UnreadableAuditEntry {
                number: entry.number,
                column: "audit.kind",
            });
        }
        Ok(entry.clone())
    }

    fn other_administrators(&self, id: UserId) -> u64 {
        let others = self.accounts.values().filter(|account| account.id != id);
        let administrators = others.filter(|account| account.is_active_administrator());
        u64::try_from(administrators.count()).unwrap()
    }

    fn by_email(&self, email: &EmailAddress) -> Option<&Account> {
        self.accounts
            .values()
            .find(|account| account.email.is_same_as(email))
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
