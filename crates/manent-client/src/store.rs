//! The device's store: one SQLite file for each profile, held by one process.
//!
//! Invariants:
//! - what [`Store::write`] has confirmed is on the disk (write-ahead log, `synchronous=FULL`), all of it or nothing;
//! - nothing is ever deleted because it cannot be read: a record is moved into a table of its own, a file gets another name, and both are
//!   reported ([`StorageWarning`]).

mod directory;
mod file;
mod later;
mod newer;
mod records;
mod set_aside;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use crate::environment;
use crate::error::OpenError;
use file::Trouble;

pub(crate) use records::{Change, Key, Loaded};

/// Something about the device's own store that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageWarning {
    /// The whole file was damaged. It lies beside the new one now, and nothing of it is deleted.
    FileSetAside {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// So many records of it could be read and are in the new file.
        salvaged: usize,
    },
    /// A newer program wrote an outbox of this profile, and this one cannot read it: what is not sent of it waits there. The newer program
    /// takes it in by itself when it is started again. Told at each start until then.
    NewerFile {
        /// Where it lies.
        path: PathBuf,
    },
    /// What had been put aside as written by a newer program could be read now, and is in the outbox.
    TakenIn {
        /// Where the file lies, which is not looked at again.
        path: PathBuf,
        /// How many records it gave.
        records: usize,
    },
    /// Records that cannot be read, or of a newer version, were moved into the table `set_aside` of the file.
    RecordsSetAside {
        /// How many.
        records: usize,
        /// What is wrong with the first.
        reason: String,
    },
    /// The file was removed, or another one was put in its place, while it was in use; everything that is not saved is written again.
    Lost {
        /// Where it was.
        path: PathBuf,
    },
    /// The disk does not take writes: what is not safe on the device is kept in memory and tried again.
    Refused {
        /// So many times in a row.
        attempts: u32,
        /// What the system said.
        reason: String,
    },
    /// Writes are taken again.
    Recovered,
}

/// Why a write was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// Try again later.
    Refused(String),
    /// Whatever was in the file is gone or put aside; there is a new and empty one.
    Replaced(StorageWarning),
}

/// The open file.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    /// Which file it was when it was opened.
    identity: Option<(u64, u64)>,
    _lock: File,
}

/// What was found at the start.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) loaded: Loaded,
    pub(crate) warnings: Vec<StorageWarning>,
}

impl Store {
    /// Opens the profile's file, creates it where there is none, and puts aside what cannot be used.
    pub(crate) fn open(directory: &Path, profile: &str) -> Result<Opened, OpenError> {
        let (path, lock) = directory::claim(directory, profile)?;
        let mut warnings = Vec::new();
        let connection = match file::open(&path) {
            Ok(connection) => connection,
            Err(Trouble::Other(reason)) => return Err(OpenError::Storage { path, reason }),
            Err(Trouble::Newer) => set_aside_newer(&path)?,
            Err(trouble) => {
                let (connection, warning) = replace(&path, &trouble)?;
                warnings.push(warning);
                connection
            }
        };
        let mut connection = connection;
        warnings.extend(newer::take_in_all(&path, &mut connection));
        let mut store = Self {
            connection,
            identity: directory::identity(&path),
            path,
            _lock: lock,
        };
        let loaded = match store.load() {
            Ok((loaded, warning)) => {
                warnings.extend(warning);
                loaded
            }
            Err(error) => match file::trouble(&error) {
                Trouble::Other(reason) => {
                    let path = store.path;
                    return Err(OpenError::Storage { path, reason });
                }
                trouble => {
                    warnings.push(store.replace(&trouble)?);
                    let (loaded, warning) = store.load().map_err(|error| OpenError::Storage {
                        path: store.path.clone(),
                        reason: error.to_string(),
                    })?;
                    warnings.extend(warning);
                    loaded
                }
            },
        };
        Ok(Opened {
            store,
            loaded,
            warnings,
        })
    }

    /// Where the file lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of this durably, or nothing.
    pub(crate) fn write(&mut self, changes: &[Change]) -> Result<(), WriteError> {
        if directory::identity(&self.path) != self.identity {
            return Err(self.begin_anew());
        }
        let Err(error) = self.apply(changes) else {
            return Ok(());
        };
        match file::trouble(&error) {
            Trouble::Other(reason) => Err(WriteError::Refused(reason)),
            trouble => Err(match self.replace(&trouble) {
                Ok(warning) => WriteError::Replaced(warning),
                Err(error) => WriteError::Refused(error.to_string()),
            }),
        }
    }

    /// Another file lies there, or none: what was in ours is to be written again, over what the other one has.
    fn begin_anew(&mut self) -> WriteError {
        match file::open(&self.path) {
            Ok(connection) => {
                self.connection = connection;
                self.identity = directory::identity(&self.path);
                let path = self.path.clone();
                WriteError::Replaced(StorageWarning::Lost { path })
            }
            Err(Trouble::Other(reason)) => WriteError::Refused(reason),
            Err(trouble) => match self.replace(&trouble) {
                Ok(warning) => WriteError::Replaced(warning),
                Err(error) => WriteError::Refused(error.to_string()),
            },
        }
    }

    fn apply(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for change in changes {
            records::apply(&transaction, change)?;
        }
        transaction.commit()
    }

    fn load(&mut self) -> rusqlite::Result<(Loaded, Option<StorageWarning>)> {
        let transaction = self.connection.transaction()?;
        let loaded = records::load(&transaction, environment::now())?;
        transaction.commit()?;
        Ok(loaded)
    }

    fn replace(&mut self, trouble: &Trouble) -> Result<StorageWarning, OpenError> {
        // Lets go of the damaged file before it gets another name.
        if let Ok(nothing) = Connection::open_in_memory() {
            self.connection = nothing;
        }
        let (connection, warning) = replace(&self.path, trouble)?;
        self.connection = connection;
        self.identity = directory::identity(&self.path);
        Ok(warning)
    }

    /// Keeps a copy of something that the server has. It may be lost.
    pub(crate) fn put_copy(&self, conversation: &str, body: &str) -> rusqlite::Result<()> {
        const MOST_COPIES: u32 = 50;
        let now = i64::try_from(environment::now()).unwrap_or(i64::MAX);
        self.connection.execute(
            "INSERT INTO copy (conversation, touched_at, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (conversation) DO UPDATE SET touched_at = ?2, body = ?3",
            params![conversation, now, body],
        )?;
        self.connection.execute(
            "DELETE FROM copy WHERE conversation NOT IN (SELECT conversation FROM copy ORDER BY touched_at DESC LIMIT ?1)",
            [MOST_COPIES],
        )?;
        Ok(())
    }

    /// The copy of a conversation.
    pub(crate) fn copy(&self, conversation: &str) -> rusqlite::Result<Option<String>> {
        self.connection
            .query_row(
                "SELECT body FROM copy WHERE conversation = ?1",
                [conversation],
                |row| row.get(0),
            )
            .optional()
    }

    /// All copies, the one that was touched last first.
    pub(crate) fn copies(&self) -> rusqlite::Result<Vec<String>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT body FROM copy ORDER BY touched_at DESC")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    }
}

/// Puts a file of a newer program aside, where that finds it again, and begins a new one.
fn set_aside_newer(path: &Path) -> Result<Connection, OpenError> {
    let storage = |reason: String| OpenError::Storage {
        path: path.to_owned(),
        reason,
    };
    set_aside::rename(path, newer::MARK, environment::now()).map_err(|error| {
        storage(format!(
            "a newer version wrote it, and it cannot be renamed: {error}"
        ))
    })?;
    file::open(path).map_err(|trouble| storage(trouble.reason()))
}

/// Puts a file aside and begins a new one with what can be read of it.
fn replace(path: &Path, trouble: &Trouble) -> Result<(Connection, StorageWarning), OpenError> {
    let storage = |reason: String| OpenError::Storage {
        path: path.to_owned(),
        reason,
    };
    let moved = set_aside::rename(path, set_aside::MARK, environment::now())
        .map_err(|error| storage(format!("it is damaged and cannot be renamed: {error}")))?;
    let mut connection = file::open(path).map_err(|trouble| storage(trouble.reason()))?;
    let salvaged = set_aside::salvage(&moved, &mut connection);
    let warning = StorageWarning::FileSetAside {
        path: moved,
        reason: trouble.reason(),
        salvaged,
    };
    Ok((connection, warning))
}

/// The store as tasks share it: each call runs on a thread that may wait for the disk.
#[derive(Clone)]
pub(crate) struct SharedStore(Arc<Mutex<Option<Store>>>);

impl SharedStore {
    pub(crate) fn new(store: Store) -> Self {
        Self(Arc::new(Mutex::new(Some(store))))
    }

    /// As [`Store::write`].
    pub(crate) async fn write(&self, changes: Vec<Change>) -> Result<(), WriteError> {
        self.run(move |store| store.write(&changes))
            .await
            .unwrap_or_else(|| Err(WriteError::Refused("the client is closed".to_owned())))
    }

    /// Lets go of the file and of its lock, whoever still has a clone.
    pub(crate) async fn close(&self) {
        let store = Arc::clone(&self.0);
        let close = move || drop(store.lock().unwrap_or_else(PoisonError::into_inner).take());
        if tokio::task::spawn_blocking(close).await.is_err() {
            tracing::warn!("the outbox was not closed in order");
        }
    }

    /// Runs something on the store; absent when it is closed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> T + Send + 'static,
    ) -> Option<T> {
        let store = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.as_mut().map(work)
        })
        .await
        .ok()
        .flatten()
    }
}
