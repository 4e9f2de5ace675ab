//! What is remembered of those who asked a moment ago.
//!
//! Invariant: nothing older than the memory lasts is told, and nothing that was read before a change on this node that concerns the account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use manent_accounts::caller::Caller;
use manent_accounts::ports::StandingListener;
use manent_types::{SessionId, UserId};
use tokio::time::Instant;

use super::streams::OpenStreams;

/// The most callers that are remembered.
const REMEMBERED: usize = 10_000;

/// Callers by session.
#[derive(Debug)]
pub(crate) struct Standings {
    /// How long a caller's standing is believed without looking. So long it takes until another node notices that an account was disabled.
    memory: Duration,
    known: Mutex<Known>,
    /// Who reads something that stays open.
    streams: Arc<OpenStreams>,
}

#[derive(Debug, Default)]
struct Known {
    callers: HashMap<SessionId, (Caller, Instant)>,
    /// Counts changes: what was being read while one happened is not remembered.
    changes: u64,
}

/// From before a caller was looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Standings {
    /// Remembers callers for so long, and tells these streams of changes.
    pub(crate) fn new(memory: Duration, streams: Arc<OpenStreams>) -> Self {
        Self {
            memory,
            known: Mutex::default(),
            streams,
        }
    }

    /// The streams that hear of changes.
    pub(crate) const fn streams(&self) -> &Arc<OpenStreams> {
        &self.streams
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller with this session, if it was looked up a moment ago; else a ticket for looking now.
    pub(crate) fn find(&self, session: SessionId, now: Instant) -> Result<Caller, Ticket> {
        let known = self.lock();
        match known.callers.get(&session) {
            Some((caller, read_at)) if now.duration_since(*read_at) < self.memory => {
                Ok(caller.clone())
            }
            _ => Err(Ticket(known.changes)),
        }
    }

    /// Remembers a caller who was looked up with this ticket.
    pub(crate) fn remember(
        &self,
        session: SessionId,
        caller: &Caller,
        ticket: Ticket,
        now: Instant,
    ) {
        let mut known = self.lock();
        if known.changes != ticket.0 {
            return;
        }
        if known.callers.len() >= REMEMBERED {
            known.callers.clear();
        }
        known.callers.insert(session, (caller.clone(), now));
    }
}

impl StandingListener for Standings {
    fn changed(&self, account: UserId) {
        let mut known = self.lock();
        known.changes += 1;
        known
            .callers
            .retain(|_, (caller, _)| caller.account() != Some(account));
        drop(known);
        self.streams.changed(account);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MEMORY: Duration = Duration::from_secs(5);

    fn session(number: u128) -> SessionId {
        SessionId::new(Uuid::from_u128(number))
    }

    fn caller(number: u128) -> Caller {
        Caller::of_claims(UserId::new(Uuid::from_u128(number)), session(number), None)
    }

    #[test]
    fn a_caller_is_remembered_for_a_moment() {
        let standings = Standings::new(MEMORY, Arc::default());
        let now = Instant::now();
        let ticket = standings.find(session(1), now).unwrap_err();
        standings.remember(session(1), &caller(1), ticket, now);
        assert_eq!(standings.find(session(1), now).unwrap(), caller(1));
        assert!(standings.find(session(2), now).is_err());
        assert!(standings.find(session(1), now + MEMORY).is_err());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_believed() {
        let standings = Standings::new(MEMORY, Arc::default());
        let now = Instant::now();
        let both = [1, 2].map(|number| (number, standings.find(session(number), now).unwrap_err()));
        for (number, ticket) in both {
            standings.remember(session(number), &caller(number), ticket, now);
        }
        let (_, ticket) = both[0];
        standings.changed(UserId::new(Uuid::from_u128(1)));
        assert!(
            standings.find(session(1), now).is_err(),
            "forgotten at once"
        );
        assert!(standings.find(session(2), now).is_ok(), "somebody else");
        standings.remember(session(1), &caller(1), ticket, now);
        assert!(standings.find(session(1), now).is_err(), "read too early");
    }
}
