//! The decision about a presented refresh token.

use std::time::Duration;

use manent_types::Timestamp;

use super::{Session, SessionEnd};
use crate::account::AccountStatus;
use crate::time::since;

/// How often the time of a session's last use is written at most, where nothing else is to be written.
const LAST_USE_RESOLUTION: Duration = Duration::from_mins(1);

/// No session gets this far; a store keeps generations as 64-bit integers with a sign, and JSON has 53 bits of them.
const MAX_GENERATION: u64 = 1 << 53;

/// Why a refresh token (a genuine one) is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefusal {
    /// The session reached its end.
    #[error("the session expired")]
    Expired,
    /// The session was ended before its time.
    #[error("the session was ended: {0}")]
    Ended(SessionEnd),
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The token was used before, its successor too, and too long ago: somebody has a copy. The session ends with this.
    #[error("the refresh token was used again")]
    TokenReused,
}

/// What a presented refresh token gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// The token of this generation, which may have been handed out before.
    Granted {
        /// Counts from 1.
        generation: u64,
    },
    /// Nothing.
    Refused(RefreshRefusal),
}

/// What a store does about a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshPlan {
    /// The answer.
    pub refresh: Refresh,
    /// The session's row as it stands afterwards; absent: nothing is to be written.
    pub write: Option<Session>,
    /// The session ends with this because its token was used again: the store also appends
    /// [`crate::audit::AuditKind::RefreshTokenReused`] to the audit log, in the same unit.
    pub is_theft: bool,
}

/// Decides about a genuine refresh token of this session and generation.
pub fn decide_refresh(
    session: &Session,
    account: AccountStatus,
    generation: u64,
    now: Timestamp,
    grace: Duration,
) -> RefreshPlan {
    if let Some((_, end)) = session.ended {
        return refused(RefreshRefusal::Ended(end));
    }
    if now >= session.expires_at {
        return refused(RefreshRefusal::Expired);
    }
    if account != AccountStatus::Active {
        return refused(RefreshRefusal::AccountDisabled);
    }
    // Above what was handed out: the store was restored from a backup, the client was not. The token is genuine and newer than all others.
    if generation >= session.generation && generation < MAX_GENERATION {
        let mut after = session.clone();
        after.presentations.confirm(generation, now, grace);
        after.generation = generation + 1;
        after.last_used_at = now;
        return RefreshPlan {
            refresh: Refresh::Granted {
                generation: after.generation,
            },
            write: Some(after),
            is_theft: false,
        };
    }
    let successor = generation.saturating_add(1);
    let confirmed = session.presentations.confirmed();
    if successor > confirmed || session.presentations.is_recent(successor, now, grace) {
        return RefreshPlan {
            refresh: Refresh::Granted {
                generation: session.generation,
            },
            write: touched(session, now),
            is_theft: false,
        };
    }
    let mut after = session.clone();
    after.ended = Some((now, SessionEnd::TokenReused));
    RefreshPlan {
        refresh: Refresh::Refused(RefreshRefusal::TokenReused),
        write: Some(after),
        is_theft: true,
    }
}

fn refused(refusal: RefreshRefusal) -> RefreshPlan {
    RefreshPlan {
        refresh: Refresh::Refused(refusal),
        write: None,
        is_theft: false,
    }
}

fn touched(session: &Session, now: Timestamp) -> Option<Session> {
    (since(now, session.last_used_at) >= LAST_USE_RESOLUTION).then(|| Session {
        last_used_at: now,
        ..session.clone()
    })
}
