//! The calls' side of the writers.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{SignalListener, StoreError};
use manent_types::UserId;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use super::desk::{Desk, Seat};
use super::job::WriteJob;
use super::schedule::Limits;
use super::serve;
use crate::config::PostgresConfig;
use crate::error::Error;
use crate::metrics::{Counters, Gauge};
use crate::pool::Connections;
use crate::signals::Notifier;
use crate::workspace::{Wanted, Workspace};

/// The queue is bounded in units of this many bytes; a job takes at least one.
const PERMIT_BYTES: usize = 4_096;

/// What the writers share.
pub(crate) struct WriterParts {
    pub(crate) connections: Connections,
    pub(crate) counters: Arc<Counters>,
    pub(crate) signals: Arc<dyn SignalListener>,
    pub(crate) notifier: Notifier,
    /// Names this process among those that use the database.
    pub(crate) instance: i64,
    pub(crate) group_jobs: usize,
    pub(crate) group_bytes: usize,
    /// An owner without a row is gone.
    pub(crate) accounts_only: bool,
}

/// The way to the writers.
pub(crate) struct WriteQueue {
    desk: Arc<Desk>,
    room: Arc<Semaphore>,
    permits: u32,
    wait: Duration,
    counters: Arc<Counters>,
}

impl WriteQueue {
    /// Starts the writers.
    pub(crate) fn start(config: &PostgresConfig, parts: WriterParts) -> Self {
        let counters = Arc::clone(&parts.counters);
        let parts = Arc::new(parts);
        let limits = Limits {
            jobs: parts.group_jobs,
            bytes: parts.group_bytes,
        };
        let writers = config.writer_count();
        let desk = Arc::new(Desk::new(writers, limits));
        for (seat, number) in (0..writers).zip(0..) {
            let seat = Seat::new(Arc::clone(&desk), seat);
            tokio::spawn(serve::run(seat, Arc::clone(&parts), number));
        }
        let permits = u32::try_from(config.queue_bytes / PERMIT_BYTES)
            .unwrap_or(u32::MAX)
            .clamp(1, 1 << 28);
        Self {
            desk,
            room: Arc::new(Semaphore::new(permits as usize)),
            permits,
            wait: config.acquire_timeout,
            counters,
        }
    }

    /// Runs `act` on the rows of a group and answers after the commit. `want` names the owners, all of them, and the rows that are surely
    /// needed. `bytes` is about how much is written.
    pub(crate) async fn run<T, W, A>(
        &self,
        owner: UserId,
        bytes: usize,
        want: W,
        act: A,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&mut Wanted) + Send + 'static,
        A: FnMut(&mut Workspace) -> Result<T, Error> + Send + 'static,
    {
        let deadline = Instant::now() + self.wait;
        let permits = u32::try_from(bytes / PERMIT_BYTES + 1)
            .unwrap_or(u32::MAX)
            .min(self.permits);
        let room = Arc::clone(&self.room).acquire_many_owned(permits);
        let permit = tokio::time::timeout_at(deadline, room)
            .await
            .map_err(|_| StoreError::Busy {
                detail: "the queue of writes is full".to_owned(),
            })?
            .map_err(|_| closed())?;
        let gauge = Gauge::new(&self.counters, |counters| &counters.queued_writes);
        let (reply, answer) = oneshot::channel();
        let job = WriteJob {
            bytes,
            deadline,
            want,
            act,
            result: None,
            reply,
            held: (permit, gauge),
        };
        if !self.desk.put(owner, Box::new(job)) {
            return Err(closed());
        }
        answer.await.map_err(|_| closed())?
    }

    /// Refuses new writes and waits until those that wait are durable.
    pub(crate) async fn close(&self) {
        self.room.close();
        self.desk.close().await;
    }
}

impl Drop for WriteQueue {
    /// The writers end when they have done what waits.
    fn drop(&mut self) {
        self.desk.begin_to_close();
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    }
}
