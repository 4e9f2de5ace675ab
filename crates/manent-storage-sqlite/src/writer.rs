//! The one writer: a queue, a thread, a connection, a commit for each group.

mod gathered;
mod group;
mod job;
mod log_size;
#[cfg(test)]
mod tests;
mod thread;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use manent_domain::ports::StoreError;
use tokio::sync::{Semaphore, oneshot};

use crate::metrics::{Counters, Gauge};
use job::{Job, WriteJob};

pub(crate) use group::Unit;
pub(crate) use thread::{WriterParts, run};

/// The queue is bounded in units of this many bytes; a job takes at least one.
const PERMIT_BYTES: usize = 4_096;

/// What the writer's thread receives.
pub(crate) enum Message {
    /// To write.
    Job(Box<dyn Job>),
    /// To finish what waits, to checkpoint and to end; answered when all is closed.
    Close(oneshot::Sender<()>),
}

/// The calls' side of the queue.
pub(crate) struct WriteQueue {
    sender: Sender<Message>,
    room: Arc<Semaphore>,
    permits: u32,
    wait: Duration,
    counters: Arc<Counters>,
}

impl WriteQueue {
    pub(crate) fn new(
        queue_bytes: usize,
        wait: Duration,
        counters: Arc<Counters>,
    ) -> (Self, std::sync::mpsc::Receiver<Message>) {
        let (sender, receiver) = channel();
        let permits = u32::try_from(queue_bytes / PERMIT_BYTES)
            .unwrap_or(u32::MAX)
            .clamp(1, 1 << 28);
        let queue = Self {
            sender,
            room: Arc::new(Semaphore::new(permits as usize)),
            permits,
            wait,
            counters,
        };
        (queue, receiver)
    }

    /// Runs `work` inside the writer's transaction and answers after the commit. `bytes` is about how much it writes. When another job of the
    /// group fails, the work is rolled back and done again.
    pub(crate) async fn run<T, W>(&self, bytes: usize, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnMut(&mut Unit<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permits = u32::try_from(bytes / PERMIT_BYTES + 1)
            .unwrap_or(u32::MAX)
            .min(self.permits);
        let room = Arc::clone(&self.room).acquire_many_owned(permits);
        let permit = tokio::time::timeout(self.wait, room)
            .await
            .map_err(|_| StoreError::Busy {
                detail: "the queue of writes is full".to_owned(),
            })?
            .map_err(|_| closed())?;
        let gauge = Gauge::new(&self.counters, queued_writes);
        let (reply, answer) = oneshot::channel();
        let job = WriteJob::new(bytes, work, reply, permit, gauge);
        self.sender
            .send(Message::Job(Box::new(job)))
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Refuses new writes, waits until those that wait are durable and everything is closed.
    pub(crate) async fn close(&self) {
        self.room.close();
        let (reply, answer) = oneshot::channel();
        if self.sender.send(Message::Close(reply)).is_ok() {
            // An error means that the thread has ended already, which is what is wanted.
            let _ = answer.await;
        }
    }
}

fn queued_writes(counters: &Counters) -> &AtomicU64 {
    &counters.queued_writes
}

fn closed() -> StoreError {
    StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    }
}
