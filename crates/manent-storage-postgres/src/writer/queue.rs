//! The calls' side of the writers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::{SignalListener, StoreError};
use manent_types::UserId;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use super::job::{Job, WriteJob};
use super::serve;
use crate::config::PostgresConfig;
use crate::error::Error;
use crate::metrics::{Counters, Gauge};
use crate::pool::Connections;
use crate::signals::Notifier;
use crate::workspace::{Wanted, Workspace};

/// The queue is bounded in units of this many bytes; a job takes at least one.
const PERMIT_BYTES: usize = 4_096;

/// What a writer receives.
pub(super) enum Message {
    /// To write.
    Job(Box<dyn Job>),
    /// To finish what waits and to end; answered when that is done.
    Close(oneshot::Sender<()>),
}

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
}

/// The queues of the writers.
pub(crate) struct WriteQueue {
    writers: Vec<UnboundedSender<Message>>,
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
        let writers = (0..)
            .take(config.writer_count())
            .map(|number| {
                let (sender, receiver) = unbounded_channel();
                tokio::spawn(serve::run(receiver, Arc::clone(&parts), number));
                sender
            })
            .collect();
        let permits = u32::try_from(config.queue_bytes / PERMIT_BYTES)
            .unwrap_or(u32::MAX)
            .clamp(1, 1 << 28);
        Self {
            writers,
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
        self.writer_of(owner)
            .ok_or_else(closed)?
            .send(Message::Job(Box::new(job)))
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    fn writer_of(&self, owner: UserId) -> Option<&UnboundedSender<Message>> {
        let mut hasher = DefaultHasher::new();
        owner.hash(&mut hasher);
        let count = u64::try_from(self.writers.len()).ok()?;
        let index = hasher.finish().checked_rem(count)?;
        self.writers.get(usize::try_from(index).ok()?)
    }

    /// Refuses new writes and waits until those that wait are durable.
    pub(crate) async fn close(&self) {
        self.room.close();
        let closing: Vec<_> = self
            .writers
            .iter()
            .filter_map(|writer| {
                let (reply, answer) = oneshot::channel();
                writer.send(Message::Close(reply)).ok().map(|()| answer)
            })
            .collect();
        for closed in closing {
            // An error means that the writer has ended already, which is what is wanted.
            let _ = closed.await;
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    }
}
