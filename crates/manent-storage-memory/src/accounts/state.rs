//! What the store remembers of accounts.

use std::collections::BTreeMap;

use manent_accounts::account::{Account, AccountStatus};
use manent_accounts::api_key::ApiKey;
use manent_accounts::audit::{AuditDraft, AuditEntry, AuditHead};
use manent_accounts::limits::{BudgetPeriod, BudgetStanding, Reservation};
use manent_accounts::one_time_link::OneTimeLink;
use manent_accounts::ports::StoredRole;
use manent_accounts::provider_key::{EndpointName, ProviderKey};
use manent_accounts::role::RoleName;
use manent_accounts::secret::SecretDigest;
use manent_accounts::server_secret::SecretMark;
use manent_accounts::session::{Session, SessionEnd};
use manent_types::{ApiKeyId, RunId, SessionId, Timestamp, UserId};

#[derive(Debug, Default)]
pub(crate) struct AccountState {
    pub(super) accounts: BTreeMap<UserId, Account>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) links: Vec<OneTimeLink>,
    pub(super) roles: BTreeMap<RoleName, StoredRole>,
    pub(super) api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub(super) provider_keys: BTreeMap<(UserId, EndpointName), ProviderKey>,
    pub(super) standings: BTreeMap<(UserId, BudgetPeriod), BudgetStanding>,
    pub(super) reservations: BTreeMap<(UserId, RunId), Reservation>,
    pub(super) secret: Option<SecretMark>,
    /// In order; the first has the number 1.
    pub(super) audit: Vec<AuditEntry>,
}

impl AccountState {
    /// Appends to the audit log.
    pub(super) fn tell(&mut self, draft: AuditDraft, at: Timestamp) -> AuditEntry {
        let entry = self.head().next(draft, at);
        self.audit.push(entry.clone());
        entry
    }

    pub(super) fn head(&self) -> AuditHead {
        self.audit.last().map_or(AuditHead::EMPTY, AuditEntry::head)
    }

    /// The account, if it may be used.
    pub(super) fn active_account(&self, id: UserId) -> Option<&Account> {
        let account = self.accounts.get(&id);
        account.filter(|account| account.status == AccountStatus::Active)
    }

    pub(super) fn account_where(&self, is_wanted: impl Fn(&Account) -> bool) -> Option<&Account> {
        self.accounts.values().find(|account| is_wanted(account))
    }

    pub(super) fn link(&self, digest: SecretDigest) -> Option<&OneTimeLink> {
        self.links.iter().find(|link| link.digest == digest)
    }

    /// Writes a link in place of the one that has its digest.
    pub(super) fn put_link(&mut self, link: OneTimeLink) {
        self.links.retain(|known| known.digest != link.digest);
        self.links.push(link);
    }

    /// Ends the live sessions of an account, all but one; answers how many.
    pub(super) fn end_sessions(
        &mut self,
        owner: UserId,
        except: Option<SessionId>,
        end: SessionEnd,
        now: Timestamp,
    ) -> u64 {
        let mut ended = 0;
        for session in self.sessions.values_mut() {
            let is_meant = session.account == owner && Some(session.id) != except;
            if is_meant && session.is_live(now) {
                session.ended = Some((now, end));
                ended += 1;
            }
        }
        ended
    }
}
