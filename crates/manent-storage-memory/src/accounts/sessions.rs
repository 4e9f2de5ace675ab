//! The port of sessions.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use manent_accounts::account::Account;
use manent_accounts::audit::{AuditDraft, AuditKind};
use manent_accounts::ports::{Refreshed, SessionRepository};
use manent_accounts::session::{Session, SessionEnd, decide_refresh};
use manent_domain::ports::StoreError;
use manent_types::{SessionId, Timestamp, UserId};

use super::AccountState;
use crate::MemoryStore;

fn find(
    state: &AccountState,
    is_wanted: impl Fn(&Session) -> bool,
    id: SessionId,
) -> Option<(Session, Account)> {
    let session = state.sessions.get(&id);
    let session = session.filter(|session| is_wanted(session))?;
    let account = state.accounts.get(&session.account)?;
    Some((session.clone(), account.clone()))
}

#[async_trait]
impl SessionRepository for MemoryStore {
    async fn begin(&self, session: Session, audit: AuditDraft) -> Result<bool, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        if state.active_account(session.account).is_none() {
            return Ok(false);
        }
        let at = session.created_at;
        state.sessions.insert(session.id, session);
        state.tell(audit, at);
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
        let mut state = self.state();
        let state = &mut state.accounts;
        let Some((mut session, account)) = find(state, |_| true, id) else {
            return Ok(None);
        };
        let plan = decide_refresh(&session, account.status, generation, now, grace);
        if let Some(after) = plan.write {
            session = after;
            state.sessions.insert(id, session.clone());
        }
        if plan.is_theft {
            let draft = AuditDraft::new(AuditKind::RefreshTokenReused)
                .by(None, address)
                .on(session.account)
                .with("session", id)
                .with("generation", generation);
            state.tell(draft, now);
        }
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
        let state = self.state();
        Ok(find(
            &state.accounts,
            |session| session.account == owner,
            id,
        ))
    }

    async fn list(&self, owner: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let state = self.state();
        let sessions = state.accounts.sessions.values();
        let live = sessions.filter(|session| session.account == owner && session.is_live(now));
        let mut sessions: Vec<_> = live.cloned().collect();
        sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn end(
        &self,
        owner: UserId,
        id: SessionId,
        end: SessionEnd,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let state = &mut state.accounts;
        let found = state.sessions.get_mut(&id);
        let live = found.filter(|session| session.account == owner && session.is_live(now));
        let Some(session) = live else {
            return Ok(false);
        };
        session.ended = Some((now, end));
        state.tell(audit, now);
        Ok(true)
    }

    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.state();
        let sessions = &mut state.accounts.sessions;
        let old = sessions.values();
        let old = old.filter(|session| session.expires_at < expired_before);
        let old: Vec<_> = old.take(limit).map(|session| session.id).collect();
        for id in &old {
            sessions.remove(id);
        }
        Ok(old.len())
    }
}
