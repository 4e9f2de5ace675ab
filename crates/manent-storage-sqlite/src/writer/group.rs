//! One group of jobs: one transaction, one commit. When a job fails, the group is done again with a savepoint for each job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};
use rusqlite::Connection;

use super::job::Job;
use crate::connection;
use crate::error::Error;
use crate::placed_files::PlacedFiles;
use crate::search_index::IndexChanges;
use crate::users::OwnerCache;

/// What a job works with.
pub(crate) struct Unit<'group> {
    /// Inside the group's transaction.
    pub(crate) connection: &'group Connection,
    /// Gathers what the job changes in the search index.
    pub(crate) index: &'group mut IndexChanges,
    /// Counts the messages that the group stores.
    pub(crate) messages: &'group mut usize,
    owners: &'group mut OwnerCache,
    has_last_failed: bool,
}

impl Unit<'_> {
    /// The owner's row, created at first use.
    pub(crate) fn owner(&mut self, owner: UserId, now: Timestamp) -> Result<i64, Error> {
        self.owners.ensure(self.connection, owner, now)
    }

    /// Finds out whether writing works: having come here is enough, unless the last group failed; then one page is written.
    pub(crate) fn probe(&mut self) -> Result<(), Error> {
        if self.has_last_failed {
            connection::write_something(self.connection)?;
        }
        Ok(())
    }
}

/// What the writer remembers between groups.
#[derive(Debug, Default)]
pub(crate) struct WriterMemory {
    owners: OwnerCache,
    has_last_failed: bool,
}

/// What became of a group.
#[derive(Debug, Default)]
pub(crate) struct GroupResult {
    /// Why nothing of it was stored; absent when it was committed.
    pub(crate) failure: Option<StoreError>,
    /// Jobs that failed alone.
    pub(crate) failed_jobs: usize,
    /// Messages that it stored.
    pub(crate) messages: usize,
}

/// Runs the jobs and commits. Answers nobody: that is for the caller, afterwards.
pub(crate) fn run(
    connection: &Connection,
    files: &PlacedFiles,
    memory: &mut WriterMemory,
    jobs: &mut [Box<dyn Job>],
) -> GroupResult {
    let mut result = GroupResult::default();
    if let Err(error) = files.check() {
        result.failure = Some(error);
        return result;
    }
    let outcome = match run_all(connection, memory, jobs, &mut result) {
        Err(Stop::JobFailed) => {
            roll_back(connection, memory);
            result = GroupResult::default();
            run_each(connection, memory, jobs, &mut result)
        }
        Err(Stop::Store(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    // Once more, because what was committed into a file that has gone meanwhile is lost.
    let outcome = outcome.and_then(|()| files.check());
    memory.has_last_failed = outcome.is_err();
    if let Err(error) = outcome {
        roll_back(connection, memory);
        result.failure = Some(error);
    }
    result
}

/// Why a transaction without savepoints ends early.
enum Stop {
    /// A job failed: the others have to go on without it.
    JobFailed,
    /// The store failed, and with it everything.
    Store(StoreError),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Store(error.into())
    }
}

/// All jobs or none, which is nearly always all. A savepoint for each would cost a copy of every page that each of them changes.
fn run_all(
    connection: &Connection,
    memory: &mut WriterMemory,
    jobs: &mut [Box<dyn Job>],
    result: &mut GroupResult,
) -> Result<(), Stop> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut index = IndexChanges::default();
    for job in jobs {
        if !run_one(connection, memory, &mut index, job, result) {
            return Err(Stop::JobFailed);
        }
    }
    index.apply(connection)?;
    execute(connection, "COMMIT")?;
    Ok(())
}

/// Each job in a savepoint of its own, so that those that fail can be left out.
fn run_each(
    connection: &Connection,
    memory: &mut WriterMemory,
    jobs: &mut [Box<dyn Job>],
    result: &mut GroupResult,
) -> Result<(), StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut index = IndexChanges::default();
    for job in jobs {
        execute(connection, "SAVEPOINT job")?;
        let mark = index.mark();
        let messages = result.messages;
        if !run_one(connection, memory, &mut index, job, result) {
            result.failed_jobs += 1;
            result.messages = messages;
            memory.owners.clear();
            index.roll_back_to(mark);
            if connection.is_autocommit() {
                // SQLite has given up the whole transaction, as it may on a full disk, and every job with it.
                return Err(job.failure().unwrap_or_else(|| StoreError::Internal {
                    detail: "the transaction ended early".to_owned(),
                }));
            }
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    index.apply(connection)?;
    execute(connection, "COMMIT")?;
    Ok(())
}

fn run_one(
    connection: &Connection,
    memory: &mut WriterMemory,
    index: &mut IndexChanges,
    job: &mut Box<dyn Job>,
    result: &mut GroupResult,
) -> bool {
    let mut unit = Unit {
        connection,
        index,
        messages: &mut result.messages,
        owners: &mut memory.owners,
        has_last_failed: memory.has_last_failed,
    };
    // A fault in one job must not end the thread on which all writes depend.
    catch_unwind(AssertUnwindSafe(|| job.run(&mut unit))).unwrap_or(false)
}

fn roll_back(connection: &Connection, memory: &mut WriterMemory) {
    memory.owners.clear();
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(error = %error, "the rollback of a failed group failed");
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
