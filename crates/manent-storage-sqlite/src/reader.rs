//! The readers: threads, each with a connection that cannot write.

mod connection;
mod jobs;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use manent_domain::ports::StoreError;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::config::SqliteConfig;
use crate::error::Error;
use crate::metrics::{Counters, Gauge};
use connection::Reader;
use jobs::Jobs;

type Work = Box<dyn FnOnce(&Reader) + Send>;

/// The calls' side of the readers' queue.
pub(crate) struct ReadQueue {
    jobs: Arc<Jobs<Work>>,
    room: Arc<Semaphore>,
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
        let jobs = Arc::new(Jobs::new());
        let queue = Self {
            jobs: Arc::clone(&jobs),
            room: Arc::new(Semaphore::new(
                config.queued_reads.clamp(1, Semaphore::MAX_PERMITS),
            )),
            wait: config.queue_wait,
            counters,
        };
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let jobs = Arc::clone(&jobs);
            let reader = Reader::new(connection, config.read_timeout);
            let thread = thread::Builder::new()
                .name("manent-reader".to_owned())
                .spawn(move || serve(&reader, &jobs))?;
            threads.push(thread);
        }
        Ok((queue, threads))
    }

    /// Runs `work`, which is one statement, on one of the connections.
    pub(crate) async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.queue(|reader| reader.run(work)).await
    }

    /// Runs `work`, which is several statements, on one of the connections, inside one snapshot of the database.
    pub(crate) async fn run_in_snapshot<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.queue(|reader| reader.run_in_snapshot(work)).await
    }

    async fn queue<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Reader) -> Result<T, Error> + Send + 'static,
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
        if !self.jobs.push(job(work, reply, permit, gauge)) {
            return Err(closed());
        }
        answer.await.map_err(|_| StoreError::Internal {
            detail: "the read ended without an answer".to_owned(),
        })?
    }

    /// Refuses new reads and ends the threads after those that wait.
    pub(crate) fn close(&self) {
        self.room.close();
        self.jobs.close();
    }
}

impl Drop for ReadQueue {
    fn drop(&mut self) {
        self.jobs.close();
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
    W: FnOnce(&Reader) -> Result<T, Error> + Send + 'static,
{
    Box::new(move |reader| {
        // Nobody waits any more: nothing to do.
        if !reply.is_closed() {
            let result = work(reader).map_err(StoreError::from);
            drop((permit, gauge));
            let _ = reply.send(result);
        }
    })
}

fn serve(reader: &Reader, jobs: &Jobs<Work>) {
    while let Some(work) = jobs.pop() {
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
