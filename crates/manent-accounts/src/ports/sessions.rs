//! Stores of sessions.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::{SessionId, Timestamp, UserId};

use crate::account::Account;
use crate::audit::AuditDraft;
use crate::session::{Refresh, Session, SessionEnd};

/// A refreshed session, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// The decision.
    pub refresh: Refresh,
    /// The session as it stands afterwards.
    pub session: Session,
    /// Whose it is.
    pub account: Account,
}

/// Sessions.
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Stores a new session. Tells whether it did: not when the account is gone or disabled meanwhile.
    async fn begin(&self, session: Session, audit: AuditDraft) -> Result<bool, StoreError>;

    /// Takes a genuine refresh token of this session and generation: [`crate::session::decide_refresh`] decides, and in the same unit the plan's
    /// row is written and, for a theft, [`crate::audit::AuditKind::RefreshTokenReused`] with the session's account, the address and the
    /// details `session` (its id) and `generation` (the presented one). Units of one session exclude each other. `None`: there is no such session.
    async fn refresh(
        &self,
        id: SessionId,
        generation: u64,
        grace: Duration,
        now: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<Option<Refreshed>, StoreError>;

    /// A session of the account, and the account.
    async fn find(
        &self,
        owner: UserId,
        id: SessionId,
    ) -> Result<Option<(Session, Account)>, StoreError>;

    /// The live sessions of the account, the newest first.
    async fn list(&self, owner: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends a live session of the account; tells whether there was one.
    async fn end(
        &self,
        owner: UserId,
        id: SessionId,
        end: SessionEnd,
        now: Timestamp,
        audit: AuditDraft,
    ) -> Result<bool, StoreError>;

    /// Deletes at most `limit` sessions of anybody that reached their end before `expired_before`; answers how many. Ended sessions stay until
    /// then, so that a token of theirs is still known.
    async fn clear(&self, expired_before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}
