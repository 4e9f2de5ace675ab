//! What a store tells after its commits, handed on to those who wait: readers of feeds, runs, the journal.
//!
//! Invariant: a signal only wakes. Whoever is woken reads the store, and whoever looked before a signal came is woken by it.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use manent_domain::ports::{Signal, SignalListener};
use manent_journal::FileJournal;
use manent_runs::RunService;
use manent_types::UserId;
use tokio::sync::watch;

/// Hands the store's signals on.
#[derive(Default)]
pub(crate) struct SignalHub {
    feeds: Mutex<HashMap<UserId, watch::Sender<()>>>,
    /// Set once they stand; the store speaks from its opening on.
    others: OnceLock<(RunService, Option<FileJournal>)>,
}

impl SignalHub {
    /// From now on the runs and the journal are told too.
    pub(crate) fn connect(&self, runs: RunService, journal: Option<FileJournal>) {
        // Set once, by the composition.
        let _ = self.others.set((runs, journal));
    }

    /// Is woken whenever the owner's feed may have gone on.
    pub(crate) fn feed(&self, owner: UserId) -> watch::Receiver<()> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds
            .entry(owner)
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe()
    }

    fn wake_feeds(&self, is_meant: impl Fn(UserId) -> bool) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        // Those whose last reader has gone are forgotten.
        feeds.retain(|owner, sender| !is_meant(*owner) || sender.send(()).is_ok());
    }
}

impl SignalListener for SignalHub {
    fn signal(&self, signal: Signal) {
        match signal {
            Signal::Feed(owner) => self.wake_feeds(|other| other == owner),
            Signal::Run(..) => {}
            Signal::All => self.wake_feeds(|_| true),
        }
        let Some((runs, journal)) = self.others.get() else {
            return;
        };
        runs.signal(signal);
        // It may mean that the store is back.
        if let (Signal::All, Some(journal)) = (signal, journal) {
            journal.probe_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(number: u128) -> UserId {
        UserId::new(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_signal_wakes_its_owner_and_the_forgotten_cost_nothing() {
        let hub = SignalHub::default();
        let (mine, other) = (hub.feed(owner(1)), hub.feed(owner(2)));
        hub.signal(Signal::Feed(owner(1)));
        assert_eq!(
            (mine.has_changed().ok(), other.has_changed().ok()),
            (Some(true), Some(false))
        );
        drop(mine);
        hub.signal(Signal::All);
        assert_eq!(other.has_changed().ok(), Some(true));
        assert_eq!(hub.feeds.lock().unwrap().len(), 1);
    }
}
