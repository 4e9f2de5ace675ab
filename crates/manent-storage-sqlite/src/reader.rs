//! The readers: threads, each with a connection that cannot write.

mod connection;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use manent_domain::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::config::SqliteConfig;
use crate::error::Error;
use crate::metrics::{Counters, Gauge};
use connection::Reader;

type Work = Box<dyn FnOnce(&Reader) + Send>;

enum Message {
    Read(Work),
    Stop,
}

/// The calls' side of the readers' queue.
pub(crate) struct ReadQueue {
    sender: Sender<Message>,
    room: Arc<Semaphore>,
    threads: usize,
    wait: Duration,
    counters: Arc<Counters>,
}

impl ReadQueue {
    /// Starts a thread for each connection.
    pub(crate) fn start(
        connections: Vec<Connection>,
        config: &SqliteConfig,
        counters: Arc<Counters>,
    ) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let queue = Self {
            sender,
            room: Arc::new(Semaphore::new(
                config.queued_reads.clamp(1, Semaphore::MAX_PERMITS),
            )),
            threads: connections.len(),
            wait: config.queue_wait,
            counters,
        };
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let receiver = Arc::clone(&receiver);
            let reader = Reader::new(connection, config.read_timeout);
            let thread = thread::Builder::new()
                .name("manent-reader".to_owned())
                .spawn(move || serve(&reader, &receiver))?;
            threads.push(thread);
        }
        Ok((queue, threads))
    }

    /// Runs `work` on one of the connections, inside one snapshot of the database.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let room = Arc::clone(&self.room).acquire_owned();
        let permit = tokio::time::timeout(self.wait, room)
            .await
            .map_err(|_| StoreError::Busy {
                detail: "the queue of reads is full".to_owned(),
            })?
            .map_err(|_| closed())?;
        Counters::add(&self.counters.reads, 1);
        let gauge = Gauge::new(&self.counters, queued_reads);
        let (reply, answer) = oneshot::channel();
        self.sender
            .send(Message::Read(job(work, reply, permit, gauge)))
            .map_err(|_| closed())?;
        answer.await.map_err(|_| StoreError::Internal {
            detail: "the read ended without an answer".to_owned(),
        })?
    }

    /// Refuses new reads and ends the threads after those that wait.
    pub(crate) fn close(&self) {
        self.room.close();
        for _ in 0..self.threads {
            // A thread that has ended already needs no message.
            let _ = self.sender.send(Message::Stop);
        }
    }
}

fn job<T, W>(
    work: W,
    reply: oneshot::Sender<Result<T, StoreError>>,
    permit: OwnedSemaphorePermit,
    gauge: Gauge,
) -> Work
where
    T: Send + 'static,
    W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
{
    Box::new(move |reader| {
        // Nobody waits any more: nothing to do.
        if !reply.is_closed() {
            let result = reader.in_snapshot(work).map_err(StoreError::from);
            drop((permit, gauge));
            let _ = reply.send(result);
        }
    })
}

fn serve(reader: &Reader, receiver: &Mutex<Receiver<Message>>) {
    loop {
        let message = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(Message::Read(work)) = message else {
            return;
        };
        // A fault in one read must not take a reader away from all others.
        if catch_unwind(AssertUnwindSafe(|| work(reader))).is_err() {
            tracing::error!("a read of the store panicked");
            reader.recover();
        }
    }
}

fn queued_reads(counters: &Counters) -> &AtomicU64 {
    &counters.queued_reads
}

fn closed() -> StoreError {
    StoreError::Unavailable {
        detail: "the store is closed".to_owned(),
    }
}
