//! One reader's connection, with a deadline for each read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::Error;

/// SQLite asks for the deadline after this many steps of its machine.
const STEPS: i32 = 4_000;

pub(super) struct Reader {
    connection: Connection,
    timeout: Duration,
    begin: Instant,
    /// Milliseconds after `begin`.
    deadline: Arc<AtomicU64>,
}

impl Reader {
    pub(super) fn new(connection: Connection, timeout: Duration) -> Self {
        let begin = Instant::now();
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let shared = Arc::clone(&deadline);
        let is_over = move || milliseconds(begin.elapsed()) > shared.load(Ordering::Relaxed);
        if let Err(error) = connection.progress_handler(STEPS, Some(is_over)) {
            tracing::warn!(error = %error, "reads of the store have no deadline");
        }
        Self {
            connection,
            timeout,
            begin,
            deadline,
        }
    }

    /// Runs `work`, which is one statement.
    pub(super) fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let deadline = milliseconds(self.begin.elapsed() + self.timeout);
        self.deadline.store(deadline, Ordering::Relaxed);
        let result = work(&self.connection);
        self.deadline.store(u64::MAX, Ordering::Relaxed);
        result
    }

    /// Runs `work`, which is several statements, inside one snapshot of the database.
    pub(super) fn run_in_snapshot<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        let result = self.run(work);
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        result
    }

    /// Ends what a panic left behind.
    pub(super) fn recover(&self) {
        self.deadline.store(u64::MAX, Ordering::Relaxed);
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %error, "a reader could not end its transaction");
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
