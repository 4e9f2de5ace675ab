//! Checkpoints: the write-ahead log is copied into the database by a thread of its own, on a connection of its own.
//!
//! The log starts anew only when everything in it was copied, which never happens by itself while appends go on: the thread copies the bulk, and
//! the writer, between two groups, copies the short rest. At the hard limit the writer copies whatever there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::metrics::Counters;

/// The writer's handle of the checkpoint thread.
pub(crate) struct Checkpointer {
    wake: SyncSender<()>,
    is_bulk_copied: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    begin_pages: u32,
    limit_pages: u32,
    last_pages: u32,
    due_at: u32,
    limit_at: u32,
}

impl Checkpointer {
    pub(crate) fn start(
        connection: Connection,
        begin_pages: u32,
        limit_pages: u32,
        counters: Arc<Counters>,
    ) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let is_bulk_copied = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_bulk_copied);
        let thread = thread::Builder::new()
            .name("manent-checkpoint".to_owned())
            .spawn(move || serve(&connection, &woken, &flag, &counters))?;
        Ok(Self {
            wake,
            is_bulk_copied,
            thread,
            begin_pages,
            limit_pages,
            last_pages: 0,
            due_at: begin_pages,
            limit_at: limit_pages,
        })
    }

    /// Called by the writer after each group, with the pages in the log. Tells whether the writer made a checkpoint itself.
    pub(crate) fn after_commit(&mut self, connection: &Connection, pages: u32) -> bool {
        if pages < self.last_pages {
            // The log began anew.
            self.due_at = self.begin_pages;
            self.limit_at = self.limit_pages;
            self.is_bulk_copied.store(false, Ordering::Release);
        }
        self.last_pages = pages;
        if self.is_bulk_copied.swap(false, Ordering::AcqRel) || pages >= self.limit_at {
            if let Err(error) = copy(connection) {
                tracing::warn!(error = %error, "the writer's checkpoint failed");
            }
            // A reader may hold the log; then this is not worth another try at once.
            self.due_at = pages.saturating_add(self.begin_pages);
            self.limit_at = self.limit_pages.max(self.due_at);
            return true;
        }
        if pages >= self.due_at {
            self.due_at = pages.saturating_add(self.begin_pages);
            // A full channel means that the thread is about to begin anyway.
            let _ = self.wake.try_send(());
        }
        false
    }

    /// Waits for a checkpoint that runs, and ends the thread.
    pub(crate) fn stop(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread had panicked");
        }
    }
}

fn serve(
    connection: &Connection,
    woken: &Receiver<()>,
    is_bulk_copied: &AtomicBool,
    counters: &Counters,
) {
    while woken.recv().is_ok() {
        match copy(connection) {
            Ok(()) => {
                Counters::add(&counters.checkpoints, 1);
                is_bulk_copied.store(true, Ordering::Release);
            }
            Err(error) => tracing::warn!(error = %error, "a checkpoint failed"),
        }
    }
}

/// Copies what no reader holds back, without waiting for anybody.
fn copy(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Copies everything and empties the log; for the end, when nobody else is left.
pub(crate) fn truncate(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
