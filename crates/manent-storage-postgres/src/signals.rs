//! Telling other processes what went on here, and hearing what went on there, over one connection.
//!
//! A notification is sent just after its commit and not inside the transaction: Postgres lets only one transaction that notifies commit at a
//! time, which would undo the writers' concurrency. So a notification can be missing: its process died in between, or a connection was down.
//! It is found all the same: each group counts itself in its writer's row of the table `writers`, in its own transaction, each notification names the
//! counts up to which it tells, and from time to time one query compares. What went further than the notifications did is told as
//! [`Signal::All`], and so is every time in which nobody listened.

mod listener;
mod payload;
mod pending;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manent_domain::ports::{Signal, SignalListener};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::connector::Connector;
use crate::metrics::Counters;
use crate::workspace::GroupMark;
use listener::Listener;
use pending::Pending;

/// How long the last notifications may take when a store is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// Tells a listener. A fault in it must not end the task on which all writes, or all signals, depend.
pub(crate) fn tell(listener: &dyn SignalListener, signal: Signal) {
    if catch_unwind(AssertUnwindSafe(|| listener.signal(signal))).is_err() {
        tracing::error!("the listener of the store's signals panicked");
    }
}

/// The side of the writers.
#[derive(Clone, Default)]
pub(crate) struct Notifier {
    pending: Arc<Pending>,
    wake: Arc<Notify>,
    is_closing: Arc<AtomicBool>,
    is_listening: Arc<AtomicBool>,
}

impl Notifier {
    /// A group was committed.
    pub(crate) fn committed(&self, mark: GroupMark, signals: Vec<Signal>) {
        self.pending.add(mark, signals);
        self.wake.notify_one();
    }

    /// Whether the connection is up.
    pub(crate) fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }
}

/// What the connection needs.
pub(crate) struct SignalParts {
    pub(crate) connector: Connector,
    pub(crate) instance: i64,
    pub(crate) check_interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) signals: Arc<dyn SignalListener>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) notifier: Notifier,
}

/// The task that holds the connection. Dropping it ends it.
pub(crate) struct SignalTask {
    handle: JoinHandle<()>,
    notifier: Notifier,
}

impl SignalTask {
    /// Starts it.
    pub(crate) fn start(parts: SignalParts) -> Self {
        let notifier = parts.notifier.clone();
        Self {
            handle: tokio::spawn(Listener::new(parts).run()),
            notifier,
        }
    }

    /// Sends what waits and ends.
    pub(crate) async fn close(&self) {
        self.notifier.is_closing.store(true, Ordering::Relaxed);
        self.notifier.wake.notify_one();
        let ended = async {
            while !self.handle.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What is not told by then is found by the others.
        let _ = tokio::time::timeout(FAREWELL, ended).await;
        self.handle.abort();
    }
}

impl Drop for SignalTask {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
