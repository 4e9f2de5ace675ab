//! One group of jobs: one transaction, one commit. When a job fails, the group is done again with a savepoint for each job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use manent_domain::ports::{Signal, StoreError};
use manent_types::{RunId, Timestamp, UserId};
use rusqlite::Connection;

use super::gathered::Gathered;
use super::job::Job;
use crate::connection;
use crate::error::Error;
use crate::feed_entries::{FeedEntries, FeedHeads, SubjectTable};
use crate::placed_files::PlacedFiles;
use crate::search_index::IndexChanges;
use crate::users::{Owner, OwnerCache};

/// What a job works with.
pub(crate) struct Unit<'group> {
    /// Inside the group's transaction.
    pub(crate) connection: &'group Connection,
    /// Gathers what the job changes in the search index.
    pub(crate) index: &'group mut IndexChanges,
    /// Counts the messages that the group stores.
    pub(crate) messages: &'group mut usize,
    feed: &'group mut FeedEntries,
    signals: &'group mut Vec<Signal>,
    owners: &'group mut OwnerCache,
    feed_heads: &'group mut FeedHeads,
    has_last_failed: bool,
}

impl Unit<'_> {
    /// The owner's row, created at first use.
    pub(crate) fn owner(&mut self, owner: UserId, now: Timestamp) -> Result<Owner, Error> {
        self.owners.ensure(self.connection, owner, now)
    }

    /// Whether the owner is gone with the account: nothing of theirs may come back.
    pub(crate) fn is_gone(&mut self, owner: UserId) -> Result<bool, Error> {
        self.owners.is_gone(self.connection, owner)
    }

    /// The owner's row, if it has one.
    pub(crate) fn known_owner(&mut self, owner: UserId) -> Result<Option<Owner>, Error> {
        self.owners.find(self.connection, owner)
    }

    /// Writes into the owner's feed that this row changed. Readers of the feed are told after the commit.
    pub(crate) fn changed(&mut self, owner: Owner, table: SubjectTable, pk: i64, now: Timestamp) {
        self.feed.add(owner, table, pk, now);
    }

    /// Tells readers of a run after the commit that it went on.
    pub(crate) fn went_on(&mut self, owner: UserId, run: RunId) {
        self.signals.push(Signal::Run(owner, run));
    }

    /// The owner's rows are gone: what waits for the end of the group must not bring any back.
    pub(crate) fn forget_owner(&mut self, owner: Owner) {
        self.feed.forget(owner.pk);
        self.owners.forget(owner.id);
        self.feed_heads.remove(&owner.pk);
    }

    /// Forgets the newest numbers of the feeds, which were changed in another way.
    pub(crate) fn forget_feeds(&mut self) {
        self.feed_heads.clear();
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
    feed_heads: FeedHeads,
    has_last_failed: bool,
    /// What SQLite calls the database's version: another one after somebody else's commit.
    seen: Option<i64>,
}

impl WriterMemory {
    /// `accounts_only`: an owner without a row is gone.
    pub(crate) fn new(accounts_only: bool) -> Self {
        Self {
            owners: OwnerCache::new(accounts_only),
            ..Self::default()
        }
    }

    /// Forgets what somebody else's commit may have changed. Inside the transaction, so that nothing comes between.
    fn look(&mut self, connection: &Connection) -> Result<(), Error> {
        let version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.seen.replace(version) != Some(version) {
            self.clear();
        }
        Ok(())
    }

    /// Forgets what may come from a transaction that was rolled back.
    fn clear(&mut self) {
        self.owners.clear();
        self.feed_heads.clear();
    }
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
    /// What is to be told now, each once.
    pub(crate) signals: Vec<Signal>,
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
        result.signals.clear();
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
    memory.look(connection)?;
    let mut gathered = Gathered::default();
    for job in jobs {
        if !run_one(connection, memory, &mut gathered, job) {
            return Err(Stop::JobFailed);
        }
    }
    commit(connection, memory, gathered, result)?;
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
    memory.look(connection)?;
    let mut gathered = Gathered::default();
    for job in jobs {
        execute(connection, "SAVEPOINT job")?;
        let mark = gathered.mark();
        if !run_one(connection, memory, &mut gathered, job) {
            result.failed_jobs += 1;
            memory.clear();
            gathered.roll_back_to(mark);
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
    commit(connection, memory, gathered, result)?;
    Ok(())
}

/// Writes what the jobs left for the end, and commits.
fn commit(
    connection: &Connection,
    memory: &mut WriterMemory,
    mut gathered: Gathered,
    result: &mut GroupResult,
) -> Result<(), Error> {
    gathered.apply(connection, &mut memory.feed_heads)?;
    execute(connection, "COMMIT")?;
    result.messages = gathered.messages;
    result.signals = gathered.signals;
    Ok(())
}

fn run_one(
    connection: &Connection,
    memory: &mut WriterMemory,
    gathered: &mut Gathered,
    job: &mut Box<dyn Job>,
) -> bool {
    let begin = gathered.feed.mark().count();
    let mut unit = Unit {
        connection,
        index: &mut gathered.index,
        messages: &mut gathered.messages,
        feed: &mut gathered.feed,
        signals: &mut gathered.signals,
        owners: &mut memory.owners,
        feed_heads: &mut memory.feed_heads,
        has_last_failed: memory.has_last_failed,
    };
    // A fault in one job must not end the thread on which all writes depend.
    let is_done = catch_unwind(AssertUnwindSafe(|| job.run(&mut unit))).unwrap_or(false);
    gathered.feed.end_unit(begin);
    is_done
}

fn roll_back(connection: &Connection, memory: &mut WriterMemory) {
    memory.clear();
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
