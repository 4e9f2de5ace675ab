//! Sessions: one sign-in on one client each.
//!
//! The refresh tokens of a session form a chain of generations 1, 2, 3 …; the token of a generation is derived from the server's secret, the
//! session and the number, so nothing of a token is stored and the same successor can be handed out again. A generation is *confirmed* when
//! somebody presents it: then its client certainly has it, and the next one is handed out.
//!
//! Invariants ([`decide_refresh`]):
//! - presenting the newest token, or the newest but one while the newest was never presented, never ends a session before its time, however
//!   many do it at once, and however many answers are lost;
//! - an older token is tolerated for the grace after its successor was first presented; after that it ends the session: somebody else has it.

mod presentations;
mod refresh;
#[cfg(test)]
mod tests;

use manent_types::{SessionId, Timestamp, UserId};

pub use presentations::{InvalidPresentations, Presentation, Presentations};
pub use refresh::{Refresh, RefreshPlan, RefreshRefusal, decide_refresh};

/// The most characters that are kept of what a client says it is.
pub const LABEL_CHARACTERS: usize = 200;

coded! {
    /// Why a session ended before its time.
    SessionEnd {
        /// Its person signed out.
        SignedOut = "signed_out",
        /// Its person ended it from another session, or signed out everywhere.
        SignedOutElsewhere = "signed_out_elsewhere",
        /// The password was changed or reset.
        PasswordChanged = "password_changed",
        /// The account was disabled.
        AccountDisabled = "account_disabled",
        /// An administrator ended it.
        EndedByAdministrator = "ended_by_administrator",
        /// An old refresh token was used again: somebody has a copy.
        TokenReused = "token_reused",
    }
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub account: UserId,
    /// The highest generation that was handed out; counts from 1, and is one more than the last confirmed one.
    pub generation: u64,
    /// When generations were first presented; the last entry is the highest confirmed one. Empty: none was.
    pub presentations: Presentations,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it ends, whatever happens; fixed at sign-in.
    pub expires_at: Timestamp,
    /// When it was last refreshed, to the minute.
    pub last_used_at: Timestamp,
    /// When and why it ended before its time.
    pub ended: Option<(Timestamp, SessionEnd)>,
    /// What the client says it is, at most [`LABEL_CHARACTERS`].
    pub label: Option<String>,
}

impl Session {
    /// A new session; the token of generation 1 is to be handed out.
    pub fn new(
        id: SessionId,
        account: UserId,
        label: Option<&str>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            id,
            account,
            generation: 1,
            presentations: Presentations::default(),
            created_at: now,
            expires_at,
            last_used_at: now,
            ended: None,
            label: label.map(cut_label).filter(|label| !label.is_empty()),
        }
    }

    /// Whether it lives at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

fn cut_label(label: &str) -> String {
    let visible = label
        .trim()
        .chars()
        .filter(|character| !character.is_control());
    visible.take(LABEL_CHARACTERS).collect()
}
