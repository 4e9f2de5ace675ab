//! Sessions.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{SessionId, Timestamp, UserId};

use super::FakeStore;
use crate::account::Account;
use crate::audit::{AuditDraft, AuditKind};
use crate::ports::{Refreshed, SessionRepository};
use crate::session::{Session, SessionEnd, decide_refresh};

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
