//! The writer's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use manent_domain::ports::SignalListener;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::group::WriterMemory;
use super::job::Job;
use super::{Message, group, log_size};
use crate::checkpoint::{self, Checkpointer};
use crate::config::SqliteConfig;
use crate::directory::DirectoryLock;
use crate::metrics::Counters;
use crate::placed_files::PlacedFiles;

/// What the writer's thread owns; it is the last to go, so it also waits for the others and holds the directory's lock.
pub(crate) struct WriterParts {
    pub(crate) connection: Connection,
    pub(crate) files: PlacedFiles,
    pub(crate) receiver: Receiver<Message>,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) readers: Vec<JoinHandle<()>>,
    /// Absent beside the process that has the directory.
    pub(crate) lock: Option<DirectoryLock>,
    pub(crate) config: SqliteConfig,
    pub(crate) counters: Arc<Counters>,
}

/// Serves the queue until it is closed or nobody is left to use it.
pub(crate) fn run(parts: WriterParts) {
    let WriterParts {
        connection,
        files,
        receiver,
        mut checkpointer,
        readers,
        lock,
        config,
        counters,
    } = parts;
    log_size::watch(&connection);
    let mut memory = WriterMemory::new(config.accounts_only);
    let mut closing = None;
    while closing.is_none() {
        let Ok(first) = receiver.recv() else { break };
        let mut jobs = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Job(job) => {
                    bytes += job.bytes();
                    jobs.push(job);
                }
                Message::Close(reply) => {
                    closing = Some(reply);
                    break;
                }
            }
            next = if jobs.len() < config.group_jobs && bytes < config.group_bytes {
                receiver.try_recv().ok()
            } else {
                None
            };
        }
        if !jobs.is_empty() {
            serve(
                &connection,
                &files,
                &mut memory,
                jobs,
                &counters,
                &*config.signals,
            );
            let pages = log_size::pages();
            counters
                .log_pages
                .store(u64::from(pages), Ordering::Relaxed);
            if checkpointer.after_commit(&connection, pages) {
                Counters::add(&counters.writer_checkpoints, 1);
            }
        }
    }
    end(connection, checkpointer, readers, lock, closing);
}

fn serve(
    connection: &Connection,
    files: &PlacedFiles,
    memory: &mut WriterMemory,
    mut jobs: Vec<Box<dyn Job>>,
    counters: &Counters,
    signals: &dyn SignalListener,
) {
    let result = group::run(connection, files, memory, &mut jobs);
    if result.failure.is_none() {
        let stored = jobs.len() - result.failed_jobs;
        Counters::add(&counters.commits, 1);
        Counters::add(&counters.jobs, stored);
        Counters::add(&counters.failed_jobs, result.failed_jobs);
        Counters::add(&counters.messages, result.messages);
        let size = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        counters.largest_group.fetch_max(size, Ordering::Relaxed);
    } else {
        Counters::add(&counters.failed_jobs, jobs.len());
    }
    for signal in &result.signals {
        // A fault in the listener must not end the thread on which all writes depend.
        if catch_unwind(AssertUnwindSafe(|| signals.signal(*signal))).is_err() {
            tracing::error!("the listener of the store's signals panicked");
        }
    }
    for job in jobs {
        job.answer(result.failure.as_ref());
    }
}

fn end(
    connection: Connection,
    checkpointer: Checkpointer,
    readers: Vec<JoinHandle<()>>,
    lock: Option<DirectoryLock>,
    closing: Option<oneshot::Sender<()>>,
) {
    checkpointer.stop();
    for reader in readers {
        if reader.join().is_err() {
            tracing::error!("a reader of the store had panicked");
        }
    }
    // Beside another process the log is that one's.
    if lock.is_some()
        && let Err(error) = checkpoint::truncate(&connection)
    {
        tracing::warn!(error = %error, "the last checkpoint failed; the next start makes up for it");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(error = %error, "the store's connection did not close cleanly");
    }
    drop(lock);
    if let Some(reply) = closing {
        // Nobody waits any more: fine.
        let _ = reply.send(());
    }
}
